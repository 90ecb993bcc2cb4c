// Kinds of values that speak of HTTP: paths, methods, statuses, names and edits of header fields, redirects.
import { quote } from "../printable.ts";
import { Refusal } from "../refusal.ts";
import { type Kind, kind, list } from "./kinds.ts";
import { compileMatcher, MAX_PATTERN, type Matcher } from "./matcher.ts";
import type { HashSource, HeaderLine } from "./policy.ts";

/** RFC 9110 §5.6.2. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;

/** Lower case; undefined for what cannot be the name of a header field. */
export function readFieldName(text: string): string | undefined {
  return TOKEN.test(text) ? text.toLowerCase() : undefined;
}

const PATH = /^\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})*$/;

/**
 * A path as requests have it once they are normalised, since no other would ever match: no empty and no dot segments, no
 * query, escapes in upper case and only of what must be escaped (RFC 3986 §6.2.2).
 */
export const path: Kind<string> = kind(
  readPath,
  "a path that begins with / and is normalised, such as /v1/orders",
  "a path, normalised",
);

function readPath(text: string): string | Refusal {
  if (!PATH.test(text)) return new Refusal();
  const wrong = /\/\/|\/\.{1,2}(?=\/|$)/.exec(text) ?? needlessEscape(text);
  if (wrong === null) return text;
  return new Refusal(
    `expected a normalised path, as requests have it when they are compared, got ${quote(wrong[0])} in ${quote(text)}`,
  );
}

/** Slashes and backslashes count: requests that escape them are refused. */
function needlessEscape(text: string): RegExpExecArray | null {
  return /%(?:2[DEF]|3\d|[46][1-9A-F]|[57][0-9A]|5[CF]|7E)/.exec(text);
}

export const pathPattern: Kind<Matcher> = kind(
  (text) => compileMatcher(text) ?? new Refusal(),
  `a regular expression for the whole path, of at most ${MAX_PATTERN} characters and without back references, look-around and large repetitions`,
  "a regular expression",
);

const METHOD = /^[A-Z][A-Z-]{0,31}$/;

export const methods: Kind<readonly string[]> = kind(
  list((text) => (METHOD.test(text) ? text : new Refusal()), { most: 16 }),
  "methods in upper case separated by commas",
  "methods, comma-separated",
);

/** Statuses between the two inclusively. */
export function readStatus(least: number, most: number): (text: string) => number | Refusal {
  return (text) => {
    const value = /^[1-5]\d\d$/.test(text) ? Number(text) : 0;
    return value >= least && value <= most ? value : new Refusal();
  };
}

/** `source` needs no name. */
export const hashSource: Kind<HashSource> = kind(
  readHashSource,
  "header:<name>, cookie:<name>, query:<name> or source",
  "`header:<name>` | `cookie:<name>` | `query:<name>` | `source`",
);

function readHashSource(text: string): HashSource | Refusal {
  if (text === "source") return { kind: "source" };
  const [, from, name = ""] = /^(header|cookie|query):(.*)$/s.exec(text) ?? [];
  if (!TOKEN.test(name)) return new Refusal();
  if (from === "header") return { kind: from, name: name.toLowerCase() };
  return from === "cookie" || from === "query" ? { kind: from, name } : new Refusal();
}

export const cookieName: Kind<string> = kind(
  (text) => (text === "" || TOKEN.test(text) ? text : new Refusal()),
  "a cookie's name, or nothing",
  "a cookie's name",
);

/** Fields that say how a message is framed, to whom it goes and who sent it: the mesh alone writes them. */
const UNTOUCHABLE: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-forwarded-client-cert",
]);

/** Many applications take `_` for `-` in names. */
function isUntouchable(name: string): boolean {
  const dashed = name.replaceAll("_", "-");
  return UNTOUCHABLE.has(dashed) || dashed.startsWith("x-mesh-");
}

const LINES_MOST = 16;
/** RFC 9110 §5.5 without obs-text. */
const FIELD_VALUE = /^[\t\x20-\x7e]*$/;

/** Names each once: to set a field twice is to set it to the second. */
export const headersToSet: Kind<readonly HeaderLine[]> = kind(
  list(readHeaderLine, { most: LINES_MOST, key: ({ name }) => name }),
  "name=value entries separated by commas",
  "`name=value`, comma-separated",
);

export const headersToAdd: Kind<readonly HeaderLine[]> = kind(
  list(readHeaderLine, { most: LINES_MOST, key: ({ name, value }) => `${name}=${value}` }),
  headersToSet.expected,
  headersToSet.values,
);

export const headersToRemove: Kind<readonly string[]> = kind(
  list(readEditableName, { most: LINES_MOST }),
  "names of header fields separated by commas",
  "names, comma-separated",
);

function readHeaderLine(entry: string): HeaderLine | Refusal {
  const equals = entry.indexOf("=");
  if (equals < 0) return new Refusal();
  const name = readEditableName(entry.slice(0, equals));
  if (name instanceof Refusal) return name;
  const value = entry.slice(equals + 1);
  if (!FIELD_VALUE.test(value)) {
    return new Refusal(`expected printable ASCII in the value of ${name}, got ${quote(value)}`);
  }
  return { name, value: value.trim() };
}

function readEditableName(text: string): string | Refusal {
  const name = readFieldName(text);
  if (name === undefined) return new Refusal();
  if (!isUntouchable(name)) return name;
  return new Refusal(`expected a header field that policies may change, got ${quote(name)}`);
}

/** An absolute URL, or a path on the same host; both as they will stand in `Location`. */
export const location: Kind<string> = kind(
  readLocation,
  "a URL that begins with http:// or https://, or a path that begins with one /",
  "a URL | a path",
);

function readLocation(text: string): string | Refusal {
  if (!/^[\x21-\x7e]+$/.test(text) || text.includes("\\")) return new Refusal();
  if (text.startsWith("/")) return text.startsWith("//") ? new Refusal() : text;
  return /^https?:\/\//.test(text) && readUrl(text) !== undefined ? text : new Refusal();
}

/** Undefined for what is no URL, and for one with a user or a password. */
export function readUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url === undefined || url.username !== "" || url.password !== "" ? undefined : url;
}
