// The few requests that a sidecar makes for itself: to the agent, and to the application to learn whether it works. One
// connection each, on the engine's own parser: Node's client would cost every sidecar 2 MB of memory.
import { connect, type Socket } from "node:net";
import { BodyReader } from "../http1/body-reader.ts";
import { FRAMING, METHOD, MessageHead } from "../http1/message-head.ts";
import { parseResponseHead } from "../http1/parse-response.ts";
import { HEAD_LIMITS, INCOMPLETE, REFUSED, type Violation } from "../http1/violation.ts";

/** Interim responses to one request; whoever sends more is broken. */
const MAX_INTERIM = 8;

/** A unix socket, or a port of an address. */
export type Target = { readonly path: string } | { readonly host: string; readonly port: number };

/** Nothing here is escaped: path and values must be free of line breaks and, the path, of spaces. */
export interface OwnRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Beside Connection and Content-Length. */
  readonly fields: Readonly<Record<string, string>>;
  readonly body?: string;
}

const head = new MessageHead();
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Resolves with the response once its head is there; disposing of it closes the connection. Rejects when there is no
 * connection or no well-formed head, and with the signal's reason when it aborts, which also breaks off the body.
 */
export async function ask(
  target: Target,
  request: OwnRequest,
  signal: AbortSignal,
): Promise<OwnResponse> {
  signal.throwIfAborted();
  const socket = connect({ ...target, signal });
  // Whoever reads hears of it; afterwards it is no news.
  socket.on("error", () => undefined);
  socket.write(compose(request));
  const response = new OwnResponse(socket);
  try {
    await response.readHead();
    return response;
  } catch (error) {
    response[Symbol.dispose]();
    signal.throwIfAborted();
    throw error;
  }
}

function compose({ method, path, fields, body }: OwnRequest): Buffer {
  const content = Buffer.from(body ?? "");
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  if (body !== undefined) lines.push(`content-length: ${content.length}\r\n`);
  const text = `${method} ${path} HTTP/1.1\r\n${lines.join("")}connection: close\r\n\r\n`;
  return Buffer.concat([Buffer.from(text, "latin1"), content]);
}

/** Made by {@link ask} alone. */
export class OwnResponse implements Disposable {
  status = 0;
  readonly #socket: Socket;
  readonly #input: AsyncIterator<Buffer, undefined>;
  readonly #body = new BodyReader();
  /** Read, but not yet looked at in full. */
  #rest: Buffer = NOTHING;
  #untilClose = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#input = socket[Symbol.asyncIterator]();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  /** Reads up to the head that is no interim one. */
  async readHead(): Promise<void> {
    for (let interim = 0; interim <= MAX_INTERIM; interim += 1) {
      let after = this.#parseHead();
      while (after === INCOMPLETE) {
        if (!(await this.#read())) throw new Error("the connection was closed without a response");
        after = this.#parseHead();
      }
      if (after === REFUSED) throw malformed(head.violation);
      this.#rest = this.#rest.subarray(after);
      // Nobody has asked to switch protocols: there is nothing to wait for.
      if (this.status >= 200 || this.status === 101) return;
    }
    throw new Error("the response does not go beyond interim ones");
  }

  /** The body as it comes, without its framing; throws when it is cut short or malformed. To be read once. */
  async *body(): AsyncGenerator<Buffer, void, undefined> {
    const body = this.#body;
    while (!body.done) {
      if (this.#rest.length === 0 && !(await this.#read())) {
        if (this.#untilClose) return;
        throw new Error("the connection was closed in the middle of the response");
      }
      const bytes = this.#rest;
      this.#rest = NOTHING;
      if (body.read(bytes, 0, bytes.length) === REFUSED) throw malformed(body.violation);
      if (body.dataEnd > body.dataStart) yield bytes.subarray(body.dataStart, body.dataEnd);
    }
  }

  /** What the head says is kept at once: the record is shared. Responses to GET and POST are framed alike. */
  #parseHead(): number {
    const { length } = this.#rest;
    const after = parseResponseHead(head, this.#rest, 0, length, HEAD_LIMITS, METHOD.GET);
    if (after >= 0) {
      this.status = head.status;
      this.#untilClose = head.framing === FRAMING.UNTIL_CLOSE;
      this.#body.begin(head.framing, head.contentLength);
    }
    return after;
  }

  /** Adds to the rest; false at the end. */
  async #read(): Promise<boolean> {
    const { value } = await this.#input.next();
    if (value === undefined) return false;
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
    return true;
  }
}

function malformed(violation: Violation | undefined): Error {
  return new Error(`the response is malformed: ${violation?.reason}`);
}
