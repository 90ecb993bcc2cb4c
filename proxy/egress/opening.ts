// What an application says first on a connection to a host outside: by that it is known whom it wants. What was read is put
// back, so that whoever takes the connection over reads it as if nobody had looked.
import type { Socket } from "node:net";
import { classify } from "../detect/classify.ts";
import { HANDSHAKE_RECORD, readServerName } from "./client-hello.ts";

/** `unclear`: nothing in it says for whom it is. */
export type Opening =
  | { readonly kind: "tls"; readonly name: string }
  | { readonly kind: "http1" }
  | { readonly kind: "unclear"; readonly why: string };

/** Milliseconds until it must have said so. */
const OPENING_TIMEOUT = 10_000;

/** Never rejects; nobody else must read from the socket meanwhile. */
export async function readOpening(socket: Socket): Promise<Opening> {
  const { promise, resolve } = Promise.withResolvers<Opening>();
  let held = Buffer.alloc(0);
  const settle = (opening: Opening): void => {
    clearTimeout(late);
    socket.off("readable", onReadable).off("end", onOver).off("close", onOver);
    // At once: with nothing left to read, a stream whose other side has ended would end as well.
    if (opening.kind !== "unclear") socket.unshift(held);
    resolve(opening);
  };
  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    held = Buffer.concat([held, chunk]);
    const opening = judgeOpening(held);
    if (opening !== undefined) settle(opening);
  };
  const onOver = (): void => settle(unclear("it said nothing that names a host"));
  const late = setTimeout(onOver, OPENING_TIMEOUT);
  socket.on("readable", onReadable).once("end", onOver).once("close", onOver);
  return await promise;
}

/** Undefined: what follows may make it one or another. */
export function judgeOpening(bytes: Buffer): Opening | undefined {
  if (bytes[0] !== HANDSHAKE_RECORD) return judgeText(bytes);
  const found = readServerName(bytes);
  switch (found.kind) {
    case "incomplete":
      return undefined;
    case "name":
      return { kind: "tls", name: found.name };
    case "none":
      return unclear("TLS without the name of a server (SNI)");
    case "malformed":
      return unclear("no valid beginning of TLS");
  }
}

function judgeText(bytes: Buffer): Opening | undefined {
  const carried = classify(bytes);
  if (carried === "undecided") return undefined;
  if (carried === "http1") return { kind: "http1" };
  return unclear(carried === "http2" ? "HTTP/2 without TLS" : "neither TLS nor HTTP");
}

function unclear(why: string): Opening {
  return { kind: "unclear", why };
}
