// Tests wait for events. These limits only turn a hang into a failure, so they are generous: two
// cores may be running many other things.

/** A process that was told to do something bounded. */
export const patienceMs = 60_000

/** Between two looks at something that sends no event. */
export const lookEveryMs = 20

/** A process that was asked to end politely, before it is killed. */
export const politeEndMs = 15_000
