// Node's own HTTP/2 library, loaded when the first connection speaks it: with node:http it takes 5 MB of memory, which most sidecars never
// need. The few numbers of the protocol that are needed besides stand here.

/** RFC 9113 §7. */
export const NO_ERROR = 0;
export const REFUSED_STREAM = 7;
/** RFC 9113 §6.1, §6.2. */
export const FLAG_END_STREAM = 1;

/** The library. Node keeps what it has loaded, so that asking again costs little. */
export function nodeHttp2(): typeof import("node:http2") {
  return process.getBuiltinModule("node:http2");
}
