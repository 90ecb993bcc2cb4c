// The forms of request targets (RFC 9112 §3.2). The characters have been checked by whoever found the target's end.
import { QUESTION_MARK, SLASH, STAR, startsWithFolded } from "./characters.ts";
import { isHost } from "./host.ts";
import { METHOD, type MessageHead } from "./message-head.ts";

const SCHEMES: readonly Buffer[] = [Buffer.from("http://"), Buffer.from("https://")];

/**
 * Whether the target is in a form that this method may have. Of an absolute-form target the authority is set apart, so
 * that the rest is in origin-form.
 */
export function acceptTarget(head: MessageHead, bytes: Buffer): boolean {
  const { targetStart, targetEnd } = head;
  const first = bytes[targetStart];
  if (first === SLASH) return true;
  if (first === STAR) return targetEnd === targetStart + 1 && head.method === METHOD.OPTIONS;
  for (const scheme of SCHEMES) {
    if (startsWithFolded(bytes, targetStart, targetEnd, scheme))
      return splitAuthority(head, bytes, targetStart + scheme.length);
  }
  return false;
}

function splitAuthority(head: MessageHead, bytes: Buffer, start: number): boolean {
  let end = start;
  while (end < head.targetEnd && bytes[end] !== SLASH && bytes[end] !== QUESTION_MARK) end += 1;
  head.authorityStart = start;
  head.authorityEnd = end;
  head.targetStart = end;
  return end > start && isHost(bytes, start, end);
}
