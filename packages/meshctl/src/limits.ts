// Every bound of the command line, each with its reason.

/** A config or rules file is written by hand; one past this size is a mistake, not a setting. */
export const maxConfigBytes = 1024 * 1024

/** Login codes, tokens and keys are one short line. */
export const maxSecretFileBytes = 4096

/** What an agent is called by: names have at most 63 characters, ids 43. */
export const maxAgentWordLength = 128

/** meshd opens its state, its links come later: seconds at worst, even on a busy machine. */
export const daemonStartMs = 30_000

/** The daemon drains running calls for a bounded time before it ends; this is well past it. */
export const daemonEndMs = 60_000

/** Bodies above this show a progress line on a terminal. */
export const progressFromBytes = 1_000_000

/** How often the progress line is redrawn: fast enough to look alive, too slow to cost anything. */
export const progressEveryMs = 100

/** Waiting longer than this says what for. */
export const silentWaitMs = 1_000

/** Longest duration an option takes: ten years, far below where a timer overflows a double. */
export const maxDurationMs = 3650 * 24 * 3600 * 1000
