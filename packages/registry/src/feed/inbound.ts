import { limits } from '../limits.js'

/** What one connection may say and ask: bounds that a follower never meets and a flood does. */
export class Inbound {
  #messages = 0
  #unreadPongs = 0

  /** Whether one more message is within bounds. */
  takes({ isFollowing }: { isFollowing: boolean }): boolean {
    this.#messages += 1
    return (
      this.#messages <= (isFollowing ? limits.messagesPerHeartbeat : limits.messagesBeforeHello)
    )
  }

  beat(): void {
    this.#messages = 0
  }

  /** Whether the other side reads what it asks for. */
  pong(): boolean {
    this.#unreadPongs += 1
    return this.#unreadPongs <= limits.unreadPongs
  }

  pongWritten(): void {
    this.#unreadPongs -= 1
  }
}
