// What can go wrong on the way to Consul, said as MeshErrors: CATALOG_UNAVAILABLE is worth another try,
// CATALOG_REFUSED is not. An aborted call is neither: it rejects with its signal's reason.
import { MeshError } from "../../mesh/errors.ts";

/** An error that Consul itself answered; the status tells a missing thing from a failing server. */
export class ConsulAnswerError extends MeshError {
  /** The HTTP status. */
  readonly status: number;

  constructor(call: string, status: number, body: string) {
    const text = body.trim().slice(0, 300);
    super(
      refuses(status, text) ? "CATALOG_REFUSED" : "CATALOG_UNAVAILABLE",
      `consul answered ${status} to ${call}${text === "" ? "" : `: ${text}`}`,
    );
    this.status = status;
  }
}

// 408 and 429 ask for another try. Servers wrap an ACL refusal that another server made into a 500.
function refuses(status: number, text: string): boolean {
  if (status === 408 || status === 429) return false;
  return (status >= 400 && status < 500) || /\b(Permission denied|ACL not found)\b/.test(text);
}

/** Consul gave no whole answer: refused, reset, cut off, too late, or not JSON. */
export function unavailable(call: string, cause: unknown): MeshError {
  return new MeshError("CATALOG_UNAVAILABLE", `consul did not answer ${call}`, { cause });
}

/** The answer inside an error of the `consul` package; undefined when there was none. */
export function answerOfLibrary(call: string, error: unknown): ConsulAnswerError | undefined {
  const response = (error as { response?: { statusCode?: number; body?: unknown } }).response;
  if (response?.statusCode === undefined) return undefined;
  const body = response.body instanceof Buffer ? response.body.toString() : (response.body ?? "");
  return new ConsulAnswerError(call, response.statusCode, String(body));
}

/** Consul's word for a compare-and-set that lost: somebody else has written in between. */
export function isStale(error: unknown): boolean {
  return (
    error instanceof ConsulAnswerError &&
    error.status === 409 &&
    error.message.includes("index is stale")
  );
}
