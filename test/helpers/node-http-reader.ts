// What Node's own HTTP server makes of bytes, without a socket.
import { createServer, type IncomingMessage } from "node:http";
import { duplexPair } from "node:stream";
import type { Message } from "./http1-messages.ts";

export interface NodeReading {
  /** Complete requests. */
  readonly messages: readonly Message[];
  /** What Node refused the rest for. */
  readonly error: string | undefined;
}

function pairs(raw: readonly string[]): readonly (readonly [string, string])[] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [
    (raw[2 * index] ?? "").toLowerCase(),
    raw[2 * index + 1] ?? "",
  ]);
}

function message(request: IncomingMessage, body: string): Message {
  return {
    line: `${request.method} ${request.url} HTTP/${request.httpVersion}`,
    fields: pairs(request.rawHeaders),
    body,
    trailers: pairs(request.rawTrailers),
  };
}

/** Reads requests until the bytes end, something is refused, or an upgrade is asked for. */
export async function readRequestsWithNode(bytes: Buffer): Promise<NodeReading> {
  const messages: (Message | undefined)[] = [];
  let error: string | undefined;
  const server = createServer({ maxHeaderSize: 131_072, insecureHTTPParser: false });
  const [near, far] = duplexPair();
  const closed = new Promise<void>((resolve) => near.once("close", resolve));
  server.on("request", (request, response) => {
    const place = messages.push(undefined) - 1;
    let body = "";
    request.setEncoding("latin1");
    request.on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      messages[place] = message(request, body);
      response.end();
    });
  });
  server.on("upgrade", (request, socket) => {
    messages.push(message(request, ""));
    socket.destroy();
    near.destroy();
  });
  server.on("clientError", (problem: NodeJS.ErrnoException) => {
    error ??= problem.code ?? problem.message;
    // What was complete before the fault is still on its way through streams.
    setImmediate(() => {
      far.destroy();
      near.destroy();
    });
  });
  server.emit("connection", far);
  near.on("data", (bytes: Buffer) => {
    const refusal = /^HTTP\/1\.1 ([45]\d\d)/m.exec(bytes.toString("latin1"));
    if (refusal !== null) error ??= `answered ${refusal[1]}`;
  });
  near.once("end", () => near.destroy());
  near.end(bytes);
  await closed;
  return { messages: messages.filter((one) => one !== undefined), error };
}
