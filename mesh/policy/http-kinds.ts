// Kinds of values that speak of HTTP: paths, methods, statuses, names and edits of header fields, redirects.
import { quote } from "../printable.ts";
import { Refusal } from "../refusal.ts";
import { type Kind, kind, list } from "./kinds.ts";
import { compileMatcher, MAX_PATTERN, type Matcher, PATTERN_RULES } from "./matcher.ts";
import type { HashSource, HeaderLine } from "./policy.ts";

/** What header fields and normalised paths are made of. */
export const ASCII: RegExp = /^[\t\x20-\x7e]*$/;

/** RFC 9110 §5.6.2. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;

/** Lower case; undefined for what cannot be the name of a header field. */
export function readFieldName(text: string): string | undefined {
  return TOKEN.test(text) ? text.toLowerCase() : undefined;
}

/** Of what a request's path may be made; `;`, `?`, `#` and backslashes are not among it. */
const PATH = /^\/(?:[A-Za-z0-9._~!$&'()*+,=:@/ -]|\P{ASCII}|%[0-9A-Fa-f]{2})*$/u;
/** Requests with these are refused before anything is matched, in whatever spelling. */
const UNMATCHABLE = /\/\/|\/\.{1,2}(?=\/|$)|%(?:2E|2F|3B|5C|00|25(?:25)*[0-9A-F]{2})/i;

/**
 * A path as people read it, which matches however requests escape it; one that no request can match is refused. The
 * sidecar normalises both sides.
 */
export const path: Kind<string> = kind(
  (text) => readPath(text, PATH),
  "a path that begins with / and has no query, such as /v1/orders",
  "a path",
);

/** A path as it is sent: RFC 3986 §3.3. */
const SENT_PATH = /^\/(?:[A-Za-z0-9._~!$&'()*+,=:@/-]|%[0-9A-Fa-f]{2})*$/;

export const pathToSend: Kind<string> = kind(
  (text) => readPath(text, SENT_PATH),
  "a path that begins with / and has no query, with escapes where they are needed, such as /v1/orders",
  "a path",
);

function readPath(text: string, pattern: RegExp): string | Refusal {
  if (!pattern.test(text) || !isDecodable(text)) return new Refusal();
  const wrong = UNMATCHABLE.exec(text)?.[0];
  if (wrong === undefined) return text;
  return new Refusal(
    `expected a path without empty segments, segments of dots, and separators or escapes in escapes, got ${quote(wrong)} in ${quote(text)}`,
  );
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return text.isWellFormed();
  } catch {
    return false;
  }
}

/** Paths are compared with escapes for all but ASCII, so a pattern with other letters would match none. */
export const pathPattern: Kind<Matcher> = kind(
  (text) => (ASCII.test(text) ? compileMatcher(text) : undefined) ?? new Refusal(),
  `a regular expression in ASCII for the whole path, of at most ${MAX_PATTERN} characters, ${PATTERN_RULES}`,
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
  if (!ASCII.test(value)) {
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
