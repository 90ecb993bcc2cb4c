// Calling another service of the shop: plain HTTP to a plain name. That the mesh may carry it is nowhere visible here.
import { HttpError, json, type Reply } from "./http.ts";

/** A service that was needed did not do its part. */
export class DependencyError extends Error {
  readonly dependency: string;

  constructor(dependency: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.dependency = dependency;
  }
}

export interface CallOptions {
  readonly signal: AbortSignal;
  /** Sent as a JSON body with POST; without it the call is a GET. */
  readonly body?: unknown;
}

/**
 * The JSON another service answers. Throws its refusals (4xx) as {@link HttpError} and everything else that goes wrong
 * as a {@link DependencyError} naming the service that failed, which may be one further down.
 */
export async function call<T>(service: string, url: string, options: CallOptions): Promise<T> {
  const response = await send(service, url, options);
  const text = await response.text().catch((cause: unknown) => {
    throw new DependencyError(service, `${service} broke off its answer`, { cause });
  });
  const answer = parseJson(text);
  if (response.ok && answer !== undefined) return answer as T;
  const { error, dependency } = (answer ?? {}) as { error?: string; dependency?: string };
  if (response.status >= 400 && response.status < 500 && error !== undefined) {
    throw new HttpError(response.status, error);
  }
  const reason = error ?? `${service} answered with ${response.status}`;
  throw new DependencyError(dependency ?? service, reason);
}

async function send(service: string, url: string, options: CallOptions): Promise<Response> {
  const { signal, body } = options;
  try {
    if (body === undefined) return await fetch(url, { signal });
    return await fetch(url, {
      signal,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch (cause) {
    const reason = signal.aborted ? "did not answer in time" : "could not be reached";
    throw new DependencyError(service, `${service} ${reason}`, { cause });
  }
}

/** The answer of a service that speaks JSON to what one of its handlers threw. */
export function jsonError(error: unknown): Reply {
  if (error instanceof HttpError) return json(error.status, { error: error.message });
  console.error(error);
  if (error instanceof DependencyError) {
    return json(502, { error: error.message, dependency: error.dependency });
  }
  return json(500, { error: "something went wrong inside the service" });
}

/** The object in the text, or undefined: a proxy on the way may have answered with something else. */
export function parseJson(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
