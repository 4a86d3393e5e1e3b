// Every bound of the daemon, with its reason.

/** JSON bodies of the local API: an agent's description, with up to 1,024 arguments. */
export const maxJsonBodyBytes = 1024 * 1024

/** Programs of one agent that run at once. More would only share the same processor. */
export const maxRunningPerAgent = 16

/** Calls that wait for a program to end; beyond it the caller hears `busy` and can go elsewhere. */
export const maxQueuedPerAgent = 128

/** What a caller is told of a failed program (contract.md, exec). */
export const stderrTailBytes = 2 * 1024

/** What a caller is told of a failed HTTP answer (contract.md, Local HTTP agent). */
export const httpErrorBytes = 1024

/** After SIGTERM a program may clean up this long before SIGKILL. */
export const killGraceMs = 2_000

/** After its program ended, output that a child of it holds open is waited for this long. */
export const orphanedOutputMs = 1_000

/** On SIGTERM or shutdown, calls under way may end by themselves this long; then they are cancelled. */
export const drainMs = 5_000

/** Answers of the local API that are under way when it closes: a shutdown's own, after calls ended. */
export const lastAnswersMs = 500

/** `up` waits this long for a live link; the daemon goes on trying afterwards. */
export const upMs = 15_000

/** How often an absent target is tried again while a call waits for it, if no news come before. */
export const waitStepMs = 1_000

/** The log: three files of 10 MB (contract.md). */
export const maxLogBytes = 10 * 1024 * 1024
export const logFiles = 3

/** Directory news are written at once, then at most this often: a feed may bring hundreds a second. */
export const directorySaveMs = 1_000

/** A request body this short that is complete this soon is sent to an HTTP agent with its length. */
export const smallBodyBytes = 64 * 1024
export const smallBodyWaitMs = 50

/**
 * A call to an absent target fails within this time. One that fails later had a session, and may
 * have run (the session holds on for 60 s): `waitMs` does not repeat it.
 */
export const maxFailFastMs = 5_000

/** What of a body is kept for the next try while its target is waited for. */
export const maxReplayBytes = 1024 * 1024

/** How often a daemon that ends looks whether its calls are over. */
export const drainPollMs = 20

/** How long a daemon that finds its home taken waits to hear by whom. */
export const otherDaemonMs = 1_000

/** What a local connection holds before its writer waits: some records of a session, not one each. */
export const socketBufferBytes = 128 * 1024
