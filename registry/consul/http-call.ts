// One HTTP request over connections of the caller's choice, which `fetch` cannot be given without a further package.
import { once } from "node:events";
import { type Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";

export interface HttpCall {
  readonly method: "GET" | "PUT";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly connections: Agent;
  /** Ends the call at any time, which then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** The answer begins. */
  readonly onHead: () => void;
}

export interface HttpReply {
  readonly status: number;
  /** Undefined when the answer has no such header. */
  readonly header: (name: string) => string | undefined;
  readonly text: string;
}

/** Resolves with the whole answer, whatever its status; a redirect is an answer too. Rejects when there is none, or half of one. */
export async function httpCall(call: HttpCall): Promise<HttpReply> {
  const { method, url, headers, body, connections: agent, signal } = call;
  signal.throwIfAborted();
  const send = url.startsWith("https:") ? httpsRequest : httpRequest;
  const request = send(url, { method, headers, agent, signal });
  // An error after the head reaches whoever reads the body, and the request besides, where nobody waits any more.
  request.on("error", () => undefined);
  try {
    request.end(body);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    call.onHead();
    const text = await readText(response);
    const header = (name: string): string | undefined => [response.headers[name]].flat()[0];
    return { status: response.statusCode ?? 0, header, text };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error;
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
