// Changes of heads: the head is written again as text with the changes in it, and read by the strict parser, so that
// nobody has to keep offsets right by hand. Rare and not cheap; what most requests need is in `write-head.ts`.
import type { HeaderEdits, HeaderLine } from "../../mesh/policy/policy.ts";
import { FIELD, MAX_FIELDS, METHOD, MessageHead } from "../http1/message-head.ts";
import { parseRequestHead } from "../http1/parse-request.ts";
import { parseResponseHead } from "../http1/parse-response.ts";
import type { HeadLimits } from "../http1/violation.ts";
import { splitTarget } from "../match/request-view.ts";

export interface HeadChange {
  /** Removals come first, then what is set, then what is added. */
  readonly headers: HeaderEdits;
  /** Of requests: encoded as on the wire, in place of the path; the query is kept. Undefined leaves it. */
  readonly path: string | undefined;
}

export const NO_HEADERS: HeaderEdits = { set: [], add: [], remove: [] };

/** The sender's head was within the usual limits; what our own edits add does not count against it. */
const LIMITS: HeadLimits = {
  head: Number.MAX_SAFE_INTEGER,
  target: Number.MAX_SAFE_INTEGER,
  line: Number.MAX_SAFE_INTEGER,
  fields: MAX_FIELDS,
};

/**
 * Names of policies are validated not to concern framing, connection or the mesh's own fields. A change that the parser
 * would refuse all the same is not made: the head goes on as it was.
 */
export class HeadEditor {
  readonly #edited = new MessageHead();

  /** The request with the changes; valid until the next call of either method. */
  request(head: MessageHead, change: HeadChange): MessageHead {
    const target = changedTarget(head, change.path);
    const line = `${head.methodText()} ${target} HTTP/1.${head.minor}`;
    const { text, count } = changedLines(head, change.headers);
    const bytes = Buffer.from(`${line}\r\n${text}\r\n`, "latin1");
    const edited = this.#edited;
    const next = parseRequestHead(edited, bytes, 0, bytes.length, LIMITS);
    if (next !== bytes.length || edited.count !== count) return head;
    keepOwn(edited, change.headers);
    return edited;
  }

  /**
   * The response with the changes; valid until the next call of either method. How the body is framed, which depends on
   * the request too, stays as it was found.
   */
  response(head: MessageHead, { headers }: HeadChange): MessageHead {
    const reason = head.bytes.toString("latin1", head.reasonStart, head.reasonEnd);
    const line = `HTTP/1.${head.minor} ${head.status} ${reason}`;
    const { text, count } = changedLines(head, headers);
    const bytes = Buffer.from(`${line}\r\n${text}\r\n`, "latin1");
    const edited = this.#edited;
    const next = parseResponseHead(edited, bytes, 0, bytes.length, LIMITS, METHOD.GET);
    if (next !== bytes.length || edited.count !== count) return head;
    keepOwn(edited, headers);
    edited.framing = head.framing;
    edited.contentLength = head.contentLength;
    edited.persistent = head.persistent;
    return edited;
  }
}

/** With the authority of an absolute-form target, which replaces Host. */
function changedTarget(head: MessageHead, path: string | undefined): string {
  const { bytes, authorityStart, authorityEnd } = head;
  const sent = head.targetText();
  const target = path === undefined ? sent : path + splitTarget(sent).query;
  if (authorityStart === authorityEnd) return target;
  const authority = bytes.toString("latin1", authorityStart, authorityEnd);
  return target === "*" ? `http://${authority}` : `http://${authority}${target}`;
}

/** `count`: how many fields the parser must find. More or fewer, and a line end was hidden in one of them. */
function changedLines(
  head: MessageHead,
  { set, add, remove }: HeaderEdits,
): { readonly text: string; readonly count: number } {
  const gone = new Set([...remove, ...set.map(({ name }) => name.toLowerCase())]);
  let text = "";
  let count = set.length + add.length;
  for (let index = 0; index < head.count; index += 1) {
    // The parser that reads the text again would believe it.
    if (head.names[index] === FIELD.DISBELIEVED) continue;
    const name = head.bytes.toString("latin1", head.nameStart[index], head.nameEnd[index]);
    if (gone.has(name.toLowerCase())) continue;
    const value = head.bytes.toString("latin1", head.valueStart[index], head.valueEnd[index]);
    text += `${name}: ${value}\r\n`;
    count += 1;
  }
  return { text: `${text}${writeLines(set)}${writeLines(add)}`, count };
}

/** Values are text and go out as UTF-8. */
function writeLines(lines: readonly HeaderLine[]): string {
  return lines
    .map(({ name, value }) => `${name}: ${Buffer.from(value).toString("latin1")}\r\n`)
    .join("");
}

/** What the sender's `Connection` takes out is what the sender put in. */
function keepOwn({ nominated }: MessageHead, { set, add }: HeaderEdits): void {
  if (nominated === undefined) return;
  for (const { name } of [...set, ...add]) nominated.delete(name.toLowerCase());
}
