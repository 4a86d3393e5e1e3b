import type { Host } from './io.js'

type Signal = 'SIGINT' | 'SIGTERM'

/** Listens for the wish to stop. The first is a request; a second one means at once. */
export class Signals implements Disposable {
  readonly first: Promise<Signal>
  readonly #host: Host
  readonly #listeners: readonly [Signal, () => void][]

  constructor(host: Host, onSecond: () => void) {
    this.#host = host
    let isStopping = false
    let tell: (signal: Signal) => void = () => {}
    this.first = new Promise((resolve) => {
      tell = resolve
    })
    const listen = (signal: Signal): [Signal, () => void] => [
      signal,
      () => {
        if (isStopping) onSecond()
        isStopping = true
        tell(signal)
      },
    ]
    this.#listeners = [listen('SIGINT'), listen('SIGTERM')]
    for (const [signal, listener] of this.#listeners) host.on(signal, listener)
  }

  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) this.#host.off(signal, listener)
  }
}
