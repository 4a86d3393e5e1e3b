/** A JSON frame (answer header, error) is a call header at most, 8 KiB, with room for escaping. */
export const maxJsonFrameBytes = 64 * 1024

/** What one data frame carries: a session record's worth several times over, small beside any buffer. */
export const maxDataFrameBytes = 256 * 1024

/** A JSON answer of the daemon; the status of hundreds of agents stays well below. */
export const maxJsonBytes = 4 * 1024 * 1024

/** `sockaddr_un` holds 104 bytes on macOS and 108 on Linux, a terminating zero included. */
export const maxSocketPathBytes = 100
