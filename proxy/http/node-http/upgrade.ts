// Connections that change their protocol (WebSocket and its like): requests until the 101, opaque bytes from then on.
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { tunnel } from "../../tcp/tunnel.ts";
import type { Connection } from "../../transport/connection.ts";
import { announcesBody, fieldTokens, fieldValues, responseFields } from "../fields.ts";
import type { Transaction, Upgrade } from "./transaction.ts";

/**
 * Whether a request may turn its connection into a tunnel. Not `h2c`: many clients offer it with an ordinary request and
 * are content with HTTP/1.1. Not with a body either, since its end would be unknown once the connection is no more HTTP.
 */
export function mayUpgrade(request: IncomingMessage): boolean {
  const protocols = fieldTokens(request.rawHeaders, "upgrade");
  const offered =
    protocols.length > 0 && fieldTokens(request.rawHeaders, "connection").includes("upgrade");
  return offered && !protocols.includes("h2c") && !announcesBody(request.rawHeaders);
}

/** Passes the 101 on and then bytes both ways. Resolves when both connections are closed. */
export async function relayUpgrade(
  { response, upgrade }: Transaction & { readonly upgrade: Upgrade },
  answer: IncomingMessage,
  socket: Socket,
  rest: Buffer,
): Promise<void> {
  response.detachSocket(upgrade.socket);
  upgrade.socket.write(switchingHead(answer), "latin1");
  if (rest.length > 0) upgrade.socket.write(rest);
  if (upgrade.head.length > 0) socket.write(upgrade.head);
  await tunnel(asConnection(upgrade.socket), asConnection(socket));
}

/** Between the two there was HTTP, whose framing is gone: what breaks off is closed, plain and TLS alike. */
function asConnection(socket: Socket): Connection {
  return { socket, reset: () => void socket.destroy() };
}

/** RFC 9110 §15.2.2: the protocol that was agreed on is named again on this connection. */
function switchingHead(answer: IncomingMessage): string {
  const fields = [
    ...["Connection", "Upgrade"],
    ...["Upgrade", fieldValues(answer.rawHeaders, "upgrade").join(", ")],
    ...responseFields(answer.rawHeaders),
  ];
  let head = `HTTP/1.1 101 ${answer.statusMessage ?? "Switching Protocols"}\r\n`;
  for (let index = 0; index < fields.length; index += 2) {
    head += `${fields[index]}: ${fields[index + 1]}\r\n`;
  }
  return `${head}\r\n`;
}
