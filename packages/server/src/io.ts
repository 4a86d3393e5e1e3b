/** What the process has for people and scripts; tests hand in their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: string
  readonly stdout: Stream
  readonly stderr: Stream
}

/** The process itself, as far as the command needs it: `node:process`, or a test's stand-in. */
export interface Host extends Io {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
  /** Ends it at once. */
  exit(code: number): void
}

interface Stream {
  readonly isTTY?: boolean
  write(text: string): unknown
}
