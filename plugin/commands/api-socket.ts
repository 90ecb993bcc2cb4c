// A request to the agent's API on its unix socket: where the socket is, is where the agent is.
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { MeshError } from "../../mesh/errors.ts";
import type { ApiAnswer, ApiCall } from "./api-call.ts";

/** Longest wait for the answer, ms. */
const LIMIT = 10_000;

/** Throws AGENT_UNAVAILABLE when the agent does not answer. */
export async function callSocket(
  socketPath: string,
  call: ApiCall,
  signal: AbortSignal,
): Promise<ApiAnswer> {
  try {
    const response = await send(
      socketPath,
      call,
      AbortSignal.any([signal, AbortSignal.timeout(LIMIT)]),
    );
    const { statusCode = 0, headers } = response;
    return { status: statusCode, etag: headers.etag, body: await text(response) };
  } catch (cause) {
    signal.throwIfAborted();
    throw new MeshError("AGENT_UNAVAILABLE", `the agent's API at ${socketPath} does not answer`, {
      cause,
    });
  }
}

/**
 * The answer as one line of JSON, its body in it unless it is a success, and then the body as it comes. Throws AGENT_UNAVAILABLE when
 * the agent does not answer or breaks off.
 */
export async function* streamSocket(
  socketPath: string,
  call: ApiCall,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  try {
    const response = await send(socketPath, call, signal);
    const { statusCode: status = 0, headers } = response;
    const isSuccess = status >= 200 && status <= 299;
    const body = isSuccess ? "" : await text(response);
    yield `${JSON.stringify({ status, etag: headers.etag, body } satisfies ApiAnswer)}\n`;
    if (isSuccess) yield* response.setEncoding("utf8") as AsyncIterable<string>;
  } catch (cause) {
    signal.throwIfAborted();
    throw new MeshError("AGENT_UNAVAILABLE", `the agent's API at ${socketPath} breaks off`, {
      cause,
    });
  }
}

async function send(
  socketPath: string,
  { method, path, expected, body }: ApiCall,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const answered = Promise.withResolvers<IncomingMessage>();
  const sent = request({ socketPath, method, path, signal, agent: false });
  sent.once("response", answered.resolve).once("error", answered.reject);
  if (expected === 0) sent.setHeader("if-none-match", "*");
  else if (expected !== undefined) sent.setHeader("if-match", `"${expected}"`);
  if (body !== undefined) sent.setHeader("content-type", "application/json");
  sent.end(body);
  return await answered.promise;
}
