/** Milliseconds since the epoch, UTC. The core has no `Date`: time is always passed in. */
export type Instant = number;

/** A length of time in whole milliseconds. */
export type Milliseconds = number;
