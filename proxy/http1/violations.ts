// Every fault that the engine refuses a message for. One line each, in the order in which a message is read.
import type { Violation } from "./violation.ts";

type Status = Violation["status"];

function violation(status: Status, reason: string, source: string): Violation {
  return Object.freeze({ status, reason, source });
}

// Heads as a whole.
export const HEAD_TOO_LONG: Violation = violation(431, "the head is too long", "RFC 6585 §5");
export const EMPTY_LINES: Violation = violation(
  400,
  "more than one empty line stands before the request",
  "RFC 9112 §2.2",
);
export const BARE_CR: Violation = violation(400, "a CR is not followed by LF", "RFC 9112 §2.2");

// The request line.
export const BAD_METHOD: Violation = violation(
  400,
  "the request does not begin with a method and one space",
  "RFC 9112 §3",
);
export const METHOD_TOO_LONG: Violation = violation(
  501,
  "the method is too long to be one",
  "RFC 9112 §3",
);
export const CONNECT_REFUSED: Violation = violation(
  405,
  "CONNECT is not offered here",
  "RFC 9110 §9.3.6",
);
export const BAD_TARGET: Violation = violation(
  400,
  "the target is not a path, a full http address or, for OPTIONS, *",
  "RFC 9112 §3.2",
);
export const BAD_TARGET_BYTE: Violation = violation(
  400,
  "the target holds a character that must be escaped, or is not followed by one space",
  "RFC 9112 §3.2",
);
export const TARGET_TOO_LONG: Violation = violation(
  414,
  "the target is too long",
  "RFC 9110 §15.5.15",
);
export const BAD_VERSION: Violation = violation(
  400,
  "the version is not written HTTP/1.1",
  "RFC 9112 §2.3",
);
export const UNSUPPORTED_VERSION: Violation = violation(
  505,
  "the version is neither 1.0 nor 1.1",
  "RFC 9110 §15.6.6",
);
export const BAD_LINE_END: Violation = violation(
  400,
  "the first line does not end in CR LF after the version",
  "RFC 9112 §2.2",
);

// The status line.
export const BAD_STATUS: Violation = violation(
  400,
  "the status is not one of 100 to 599",
  "RFC 9112 §4",
);
export const BAD_REASON: Violation = violation(
  400,
  "the reason phrase holds a control character",
  "RFC 9112 §4",
);
export const REASON_TOO_LONG: Violation = violation(
  431,
  "the reason phrase is too long",
  "RFC 6585 §5",
);

// Field lines.
export const FOLDED_LINE: Violation = violation(
  400,
  "a field line begins with white space",
  "RFC 9112 §5.2",
);
export const EMPTY_NAME: Violation = violation(400, "a field has no name", "RFC 9112 §5.1");
export const SPACE_BEFORE_COLON: Violation = violation(
  400,
  "white space stands between a field's name and the colon",
  "RFC 9112 §5.1",
);
export const BAD_NAME: Violation = violation(
  400,
  "a field name holds a character that is not allowed",
  "RFC 9110 §5.1",
);
export const BAD_VALUE: Violation = violation(
  400,
  "a field value holds a control character or ends in a bare LF",
  "RFC 9110 §5.5",
);
export const LINE_TOO_LONG: Violation = violation(431, "a field line is too long", "RFC 6585 §5");
export const TOO_MANY_FIELDS: Violation = violation(
  431,
  "there are too many fields",
  "RFC 6585 §5",
);

// What the fields say.
export const BAD_CONNECTION: Violation = violation(
  400,
  "Connection lists something that is not a name",
  "RFC 9110 §7.6.1",
);
export const ESSENTIAL_NOMINATED: Violation = violation(
  400,
  "Connection lists a field that the message cannot do without",
  "RFC 9110 §7.6.1",
);
export const LENGTH_AND_CODING: Violation = violation(
  400,
  "both Content-Length and Transfer-Encoding are given",
  "RFC 9112 §6.1",
);
export const REPEATED_LENGTH: Violation = violation(
  400,
  "Content-Length is given more than once",
  "RFC 9112 §6.3",
);
export const BAD_LENGTH: Violation = violation(
  400,
  "Content-Length is not one number of at most 15 digits",
  "RFC 9110 §8.6",
);
export const REPEATED_CODING: Violation = violation(
  400,
  "Transfer-Encoding is given more than once",
  "RFC 9112 §6.1",
);
export const CODING_IN_1_0: Violation = violation(
  400,
  "HTTP/1.0 has no Transfer-Encoding",
  "RFC 9112 §6.1",
);
export const BAD_CODING: Violation = violation(
  400,
  "Transfer-Encoding does not end in a single chunked",
  "RFC 9112 §6.1",
);
export const UNKNOWN_CODING: Violation = violation(
  501,
  "Transfer-Encoding names a coding other than chunked",
  "RFC 9112 §6.1",
);
export const NO_HOST: Violation = violation(400, "Host is missing", "RFC 9112 §3.2");
export const REPEATED_HOST: Violation = violation(
  400,
  "Host is given more than once",
  "RFC 9112 §3.2",
);
export const BAD_HOST: Violation = violation(
  400,
  "Host is not a host with an optional port",
  "RFC 9112 §3.2",
);
export const CONTRADICTING_HOST: Violation = violation(
  400,
  "Host and the target name different hosts",
  "RFC 9112 §3.2.2",
);
export const UNKNOWN_EXPECTATION: Violation = violation(
  417,
  "Expect asks for something other than 100-continue",
  "RFC 9110 §10.1.1",
);
export const BAD_SWITCH: Violation = violation(
  400,
  "a 101 response does not name the protocol it switches to",
  "RFC 9110 §7.8",
);

// Chunked bodies and trailers.
export const BAD_CHUNK_SIZE: Violation = violation(
  400,
  "a chunk's size is not a hexadecimal number below 2^53, followed by CR LF or an extension",
  "RFC 9112 §7.1",
);
export const BAD_CHUNK_EXTENSION: Violation = violation(
  400,
  "a chunk extension is malformed",
  "RFC 9112 §7.1.1",
);
export const CHUNK_EXTENSIONS_TOO_LONG: Violation = violation(
  400,
  "the chunk extensions of a body are too long",
  "RFC 9112 §7.1.1",
);
export const BAD_CHUNK_END: Violation = violation(
  400,
  "a chunk is not followed by CR LF",
  "RFC 9112 §7.1",
);
export const TRAILERS_TOO_LONG: Violation = violation(
  431,
  "the trailers are too long",
  "RFC 6585 §5",
);
