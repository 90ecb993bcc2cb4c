// What the console has for `docker mesh`: how to get in, and the traffic that it watches. Told on the API's own socket,
// which is root's alone, and nowhere else.
import type { RequestListener, ServerResponse } from "node:http";
import type { EdgeView } from "./view.ts";

export interface ConsoleAccess {
  /** In the agent's container. */
  readonly port: number;
  readonly isSecure: boolean;
  /** The tokens. */
  readonly admin: string;
  readonly viewer: string;
}

export const ACCESS_PATH = "/v1/console";

/** Who calls whom, as {@link EdgesTold}. */
export const TRAFFIC_PATH = "/v1/traffic";

/** Rates over half a minute, as the sidecars of this node have counted. */
export interface EdgesTold {
  readonly edges: readonly EdgeView[];
}

/** Answers both paths, and leaves everything else to the API. */
export function tellConsole(
  api: RequestListener,
  access: ConsoleAccess,
  edges: () => readonly EdgeView[],
): RequestListener {
  return (request, response) => {
    const isRead = request.method === "GET";
    if (isRead && request.url === ACCESS_PATH) return answer(response, access);
    if (!isRead || request.url !== TRAFFIC_PATH) return api(request, response);
    const told: EdgesTold = { edges: edges() };
    answer(response, told);
  };
}

function answer(response: ServerResponse, value: object): void {
  const body = JSON.stringify(value);
  response.writeHead(200, {
    ...{ "content-type": "application/json; charset=utf-8", "cache-control": "no-store" },
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
