// Tests wait for events. These limits only turn a hang into a failure, so they are generous: two
// cores may be running many other things.

/** A process that was told to do something bounded. */
export const patienceMs = 60_000

/** Between two looks at something that sends no event. */
export const lookEveryMs = 20

/** A process that was asked to end politely, before it is killed. */
export const politeEndMs = 15_000

/** What is kept of one output of a process: several times the largest body of any test. */
export const maxKeptBytes = 256 * 1024 * 1024

/** What a proxy keeps of its traffic: enough for a few calls of 20 MB both ways. */
export const maxRecordedBytes = 128 * 1024 * 1024

/** What a proxy holds back per connection and direction before it stops reading the sender. */
export const maxDelayedBytes = 1024 * 1024

/** One piece of a throttled direction: small, so that the rate is even. */
export const throttledPieceBytes = 16 * 1024

/** One look into a process's memory; the next one overlaps it by a needle's length. */
export const memoryWindowBytes = 4 * 1024 * 1024

/** Above this a region of memory is a reservation, not something that holds data. */
export const maxMemoryRegionBytes = 2 * 1024 * 1024 * 1024
