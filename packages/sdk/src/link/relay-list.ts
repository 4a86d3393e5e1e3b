/** The registry's relays and the one whose turn it is. */
export class RelayList {
  #urls: readonly string[]
  #index = 0

  constructor(url: string) {
    this.#urls = [url]
  }

  get current(): string {
    return this.#urls[this.#index] ?? ''
  }

  /** The preferred one first. The one in use keeps its turn, if it is still listed. */
  replace(urls: readonly string[]): void {
    if (urls.length === 0) return
    const { current } = this
    this.#urls = urls
    this.#index = Math.max(0, urls.indexOf(current))
  }

  /** The current one cannot be reached. */
  next(): void {
    this.#index = (this.#index + 1) % this.#urls.length
  }

  /** A relay names others in its place; only those that our registry named count. */
  prefer(urls: readonly string[]): void {
    const index = this.#urls.findIndex((url) => urls.includes(url))
    if (index >= 0) this.#index = index
  }
}
