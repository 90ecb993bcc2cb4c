// Which of the fields that the engine acts on a name is. The length and the first letter lead to at most one candidate:
// a perfect hash without a hash function, so that a name of no interest costs one look.
import { LOWER } from "./characters.ts";
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
  ["x-envoy-expected-rq-timeout-ms", FIELD.X_ENVOY_EXPECTED_RQ_TIMEOUT_MS],
  ["grpc-timeout", FIELD.GRPC_TIMEOUT],
  ["traceparent", FIELD.TRACEPARENT],
  ["tracestate", FIELD.TRACESTATE],
  ["b3", FIELD.B3],
];

const LONGEST = 30;
const X = 0x78;
const DASH = 0x2d;
const UNDERSCORE = 0x5f;
const X_MESH = Buffer.from("x-mesh-");
const X_B3 = Buffer.from("x-b3-");

/** By length and the five low bits of the first byte, which are the same in both cases: the candidate. */
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
  const length = end - start;
  const first = bytes[start] as number;
  if ((first | 32) === X && length >= X_MESH.length) {
    const ours = match(bytes, start, X_MESH, FIELD.X_MESH);
    if (ours !== FIELD.OTHER) return ours;
    if (match(bytes, start, X_B3, FIELD.X_B3) === FIELD.X_B3) return FIELD.X_B3;
  }
  if (length > LONGEST) return FIELD.OTHER;
  const field = CANDIDATES[length * 32 + (first & 31)] as FieldName;
  if (field === FIELD.OTHER) return FIELD.OTHER;
  return match(bytes, start, TEXTS[field] as Buffer, field);
}

/** `field` when the bytes at `start` begin with its text, LOOKALIKE when they do but for `_` in place of `-`. */
function match(bytes: Buffer, start: number, text: Buffer, field: FieldName): FieldName {
  const { length } = text;
  let found = field;
  for (let index = 0; index < length; index += 1) {
    const byte = LOWER[bytes[start + index] as number] as number;
    if (byte === text[index]) continue;
    if (byte !== UNDERSCORE || text[index] !== DASH) return FIELD.OTHER;
    found = FIELD.LOOKALIKE;
  }
  return found;
}
