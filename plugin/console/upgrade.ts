// Upgrades (WebSockets) to Consul. Node hands them to nobody but this listener, past all of Express: it asks the same questions,
// and whatever it does not pass on it answers and ends.
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { answerCode, type ErrorAnswer } from "../api/error-status.ts";
import type { ConsulProxy } from "./consul-proxy.ts";
import { findSession, type GuardParts, NO_SESSION, refuseRequest, TOO_MUCH } from "./guard.ts";
import { isOwnOrigin } from "./origin.ts";

const NOT_THERE = answerCode("NOT_FOUND", "expected a path that can be upgraded, got another");
const FOREIGN = answerCode("FORBIDDEN", "expected an upgrade that the console's own page asks for");

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export function passUpgrades(
  parts: GuardParts,
  consul: Pick<ConsulProxy, "upgrade"> | undefined,
): UpgradeListener {
  return (request, duplex, head) => {
    const socket = duplex as Socket;
    // Nobody else listens for what goes wrong with it.
    socket.on("error", () => socket.destroy());
    const refusal = passUpgrade(request, socket, head, parts, consul);
    if (refusal !== undefined) refuse(socket, refusal);
  };
}

function passUpgrade(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  parts: GuardParts,
  consul: Pick<ConsulProxy, "upgrade"> | undefined,
): ErrorAnswer | undefined {
  const refusal = refuseRequest(request, parts);
  if (refusal !== undefined) return refusal;
  const session = findSession(request, parts);
  if (session === undefined) return NO_SESSION;
  // Browsers let any page open a WebSocket to anywhere, and send cookies along.
  if (!isOwnOrigin(request.headers)) return FOREIGN;
  const held = session.hold(() => socket.destroy());
  if (held === undefined) return TOO_MUCH;
  socket.once("close", () => held[Symbol.dispose]());
  return consul?.upgrade(request, socket, head, session.role) === true ? undefined : NOT_THERE;
}

function refuse(socket: Socket, { status, body }: ErrorAnswer): void {
  const text = JSON.stringify(body);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      "Content-Type: application/json; charset=utf-8",
      `Content-Length: ${Buffer.byteLength(text)}`,
      ...["Cache-Control: no-store", "X-Content-Type-Options: nosniff", "Connection: close"],
      `\r\n${text}`,
    ].join("\r\n"),
    () => socket.destroy(),
  );
}
