// Which of the methods that the engine must know a token is; methods are case-sensitive (RFC 9110 §9.1).
import { METHOD, type Method } from "./message-head.ts";

const NAMES: readonly (readonly [string, Method])[] = [
  ["GET", METHOD.GET],
  ["HEAD", METHOD.HEAD],
  ["POST", METHOD.POST],
  ["PUT", METHOD.PUT],
  ["DELETE", METHOD.DELETE],
  ["CONNECT", METHOD.CONNECT],
  ["OPTIONS", METHOD.OPTIONS],
  ["TRACE", METHOD.TRACE],
  ["PATCH", METHOD.PATCH],
];

const LONGEST = 7;
/** By length and the five low bits of the first byte: the only method it can be. */
const CANDIDATES = new Uint8Array((LONGEST + 1) * 32);
const TEXTS: Buffer[] = [];

for (const [text, method] of NAMES) {
  CANDIDATES[text.length * 32 + (text.charCodeAt(0) & 31)] = method;
  TEXTS[method] = Buffer.from(text);
}

/** The method that `bytes[start, end)`, a token of at least one byte, names. */
export function methodOf(bytes: Buffer, start: number, end: number): Method {
  const length = end - start;
  if (length > LONGEST) return METHOD.OTHER;
  const method = CANDIDATES[length * 32 + ((bytes[start] as number) & 31)] as Method;
  if (method === METHOD.OTHER) return METHOD.OTHER;
  const text = TEXTS[method] as Buffer;
  for (let index = 0; index < length; index += 1) {
    if (bytes[start + index] !== text[index]) return METHOD.OTHER;
  }
  return method;
}
