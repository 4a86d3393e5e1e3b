/** Every bound of the registry's contract, with its reason. */
export const limits = {
  /** A card document is at most 64 KiB (docs/protocol.md §2); base64url makes a third more of it. */
  cardTextLength: 87_380,
  /** An admission document is at most 4 KiB (docs/protocol.md §2). */
  admissionTextLength: 5_462,
  /** Names, capabilities and search words are short; a longer one is a mistake or an attack. */
  wordLength: 128,
  /** What a person may say about the device that logs in. */
  deviceLength: 80,
  /** One page of agents; a card may be 64 KiB, so a page stays below 20 MB. */
  pageLength: 200,
  /** Agents of one daemon that may share one feed connection. */
  agentsPerFeed: 1_000,
  /** Long enough for a slow link, short enough that a dead registry is noticed. */
  requestTimeoutMs: 10_000,
  /** A rule's answer may wait 5 s for acknowledgements before it comes. */
  ruleTimeoutMs: 15_000,
  /** An answer this large is not from our registry: a full page of full cards is smaller. */
  answerBytes: 32 * 1024 * 1024,
} as const
