// A plain HTTP/1.1 call on a connection of its own.
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";

export interface Call {
  readonly host?: string;
  readonly port: number;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly rawTrailers: readonly string[];
  readonly body: string;
}

/** Rejects when the connection breaks off before the response is complete. */
export async function call({ body, headers = {}, ...options }: Call): Promise<Answer> {
  const outgoing = request({ host: "127.0.0.1", agent: false, headers, ...options });
  outgoing.end(body);
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  return readAnswer(response);
}

/** The whole of a response. */
export async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    rawTrailers: response.rawTrailers,
    body: Buffer.concat(chunks).toString(),
  };
}
