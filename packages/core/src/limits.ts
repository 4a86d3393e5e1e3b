// Every bound of the language itself, with its reason. Sizes are bytes unless the name says otherwise.

/** The card's JSON; its binary form counts in a u16, and a card is sent with every feed snapshot. */
export const maxCardBytes = 65_535

/** The admission's JSON. It is in every login, before anything is known about who sends it. */
export const maxAdmissionBytes = 4_096

/** Agent and group names: a DNS label's length, so that a name can become one. */
export const maxNameLength = 63

/** Capabilities per card. MCP servers with more tools than this are split by their users too. */
export const maxCapabilities = 64

/** A capability's name. MCP tool names may have 128 characters. */
export const maxCapabilityLength = 128

/** A capability's or an agent's description: what a list of results can show. */
export const maxDescriptionLength = 1_024

/** Nesting of a capability's JSON Schemas: walking one by recursion stays harmless. */
export const maxSchemaDepth = 32

/** Home relays per card: a sender tries them in turn, so more would only delay the failure. */
export const maxCardRelays = 8

/** URLs: what every HTTP stack is sure to take. */
export const maxUrlLength = 2_048

/** Own and foreign groups per admission: two lists of the longest names still fit its 4 KiB. */
export const maxAdmissionGroups = 24

/** An admission outlives a revocation that a cut-off relay has not heard of by at most this. */
export const maxAdmissionMs = 3_600_000

/** How far a relay's clock and the registry's may differ before new admissions stop working. */
export const maxClockSkewMs = 60_000

/** The origin in login, registration and agent request. */
export const maxOriginLength = 512

/** A Noise message (Noise §3) and a packet: the length any link must carry. */
export const maxPacketBytes = 65_535
