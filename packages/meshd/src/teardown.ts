/**
 * What has to be let go of, newest first. Every part is let go of even when one before it throws;
 * the first error is thrown at the end. (Node 20 has no AsyncDisposableStack.)
 */
export class Teardown implements AsyncDisposable {
  #parts: (() => void | Promise<void> | undefined)[] = []

  use<T extends AsyncDisposable | Disposable>(part: T): T {
    this.defer(async () => {
      if (Symbol.asyncDispose in part) await part[Symbol.asyncDispose]()
      else part[Symbol.dispose]()
    })
    return part
  }

  defer(act: () => void | Promise<void> | undefined): void {
    this.#parts.push(act)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = []
    for (let act = this.#parts.pop(); act !== undefined; act = this.#parts.pop()) {
      try {
        await act()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }
}
