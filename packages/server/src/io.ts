/** What the process has for people and scripts; tests hand in their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: string
  readonly stdout: Stream
  readonly stderr: Stream
}

interface Stream {
  readonly isTTY?: boolean
  write(text: string): unknown
}
