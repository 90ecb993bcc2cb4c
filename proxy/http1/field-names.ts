// Which of the fields that the engine acts on a name is. The length and the first letter lead to at most one candidate:
// a perfect hash without a hash function, so that a name of no interest costs one look.
import { LOWER, startsWithFolded } from "./characters.ts";
import { FIELD, type FieldName } from "./message-head.ts";

const NAMES: readonly (readonly [string, FieldName])[] = [
  ["connection", FIELD.CONNECTION],
  ["content-length", FIELD.CONTENT_LENGTH],
  ["transfer-encoding", FIELD.TRANSFER_ENCODING],
  ["host", FIELD.HOST],
  ["keep-alive", FIELD.KEEP_ALIVE],
  ["upgrade", FIELD.UPGRADE],
  ["te", FIELD.TE],
  ["trailer", FIELD.TRAILER],
  ["proxy-connection", FIELD.PROXY_CONNECTION],
  ["proxy-authenticate", FIELD.PROXY_AUTHENTICATE],
  ["proxy-authorization", FIELD.PROXY_AUTHORIZATION],
  ["expect", FIELD.EXPECT],
  ["x-forwarded-for", FIELD.X_FORWARDED_FOR],
  ["x-forwarded-client-cert", FIELD.X_FORWARDED_CLIENT_CERT],
];

const LONGEST = 23;
const X = 0x78;
const X_MESH = Buffer.from("x-mesh-");
/** Names for which `_` in place of `-` is not somebody else's name, see {@link FIELD.LOOKALIKE}. */
const GUARDED: readonly Buffer[] = ["x-mesh-", "x-forwarded-for", "x-forwarded-client-cert"].map(
  (name) => Buffer.from(name),
);

/** By length and the five low bits of the first byte: the candidate. */
const CANDIDATES = new Uint8Array((LONGEST + 1) * 32);
/** By field: the whole name in lower case. */
const TEXTS: Buffer[] = [];

for (const [text, field] of NAMES) {
  const slot = text.length * 32 + (text.charCodeAt(0) & 31);
  if (CANDIDATES[slot] !== 0) throw new Error(`${text} collides with another field name`);
  CANDIDATES[slot] = field;
  TEXTS[field] = Buffer.from(text);
}

/** The field that `bytes[start, end)`, a token of at least one byte, names. */
export function fieldName(bytes: Buffer, start: number, end: number): FieldName {
  const first = bytes[start] as number;
  if ((first | 32) === X) return extensionName(bytes, start, end);
  return end - start > LONGEST ? FIELD.OTHER : candidate(bytes, start, end, first);
}

function candidate(bytes: Buffer, start: number, end: number, first: number): FieldName {
  const field = CANDIDATES[(end - start) * 32 + (first & 31)] as FieldName;
  if (field === FIELD.OTHER) return FIELD.OTHER;
  return startsWithFolded(bytes, start, end, TEXTS[field] as Buffer) ? field : FIELD.OTHER;
}

/** Names that begin with `x`. */
function extensionName(bytes: Buffer, start: number, end: number): FieldName {
  if (startsWithFolded(bytes, start, end, X_MESH)) return FIELD.X_MESH;
  if (end - start <= LONGEST) {
    const field = candidate(bytes, start, end, X);
    if (field !== FIELD.OTHER) return field;
  }
  for (const name of GUARDED) if (isLookalike(bytes, start, end, name)) return FIELD.LOOKALIKE;
  return FIELD.OTHER;
}

/** Whether the name is a guarded one (or has a guarded beginning) except for `_` where that has `-`. */
function isLookalike(bytes: Buffer, start: number, end: number, guarded: Buffer): boolean {
  const { length } = guarded;
  if (guarded === GUARDED[0] ? end - start < length : end - start !== length) return false;
  for (let index = 0; index < length; index += 1) {
    const byte = LOWER[bytes[start + index] as number] as number;
    const wanted = guarded[index] as number;
    if (byte !== wanted && !(byte === 0x5f && wanted === 0x2d)) return false;
  }
  return true;
}
