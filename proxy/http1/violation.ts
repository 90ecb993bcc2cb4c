// What a message can be refused for. A violation is a fixed value: refusing costs no allocation, and the same fault always
// gets the same status and the same words.

/** Why a message is refused. */
export interface Violation {
  /** What a caller is answered. A destination's response is always answered for with 502. */
  readonly status: 400 | 405 | 414 | 417 | 431 | 501 | 505;
  /** Follows "the request is malformed: " and the like; no full stop. */
  readonly reason: string;
  /** Where the rule stands, such as `RFC 9112 §6.3`. */
  readonly source: string;
}

/** Answers of the head parsers beside an offset: the head is not complete yet, or was refused. */
export const INCOMPLETE = -1;
export const REFUSED = -2;

/** What a head may be at most. Bytes, unless said otherwise. */
export interface HeadLimits {
  /** The whole head. */
  readonly head: number;
  /** The request target or the reason phrase. */
  readonly target: number;
  /** One field line. */
  readonly line: number;
  /** How many fields; not above MAX_FIELDS. */
  readonly fields: number;
}

/** Roomier than what common servers accept (Node 16 KiB in all, nginx 8 KiB a line), and still small. */
export const HEAD_LIMITS: HeadLimits = { head: 65_536, target: 8_192, line: 16_384, fields: 100 };
