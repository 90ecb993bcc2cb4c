// Answers that send callers elsewhere.
import type { Redirect } from "../../mesh/policy/policy.ts";
import type { LocalAnswer } from "../failures.ts";
import { splitTarget } from "../match/request-view.ts";

/**
 * `target` is the request's, as the parser accepted it, so that it holds no line break. Its query is kept unless the
 * location has one of its own.
 */
export function redirectAnswer({ location, status }: Redirect, target: string): LocalAnswer {
  const [place = "", fragment] = location.split("#", 2);
  const query = place.includes("?") ? "" : splitTarget(target).query;
  const whole = `${place}${query}${fragment === undefined ? "" : `#${fragment}`}`;
  return {
    code: undefined,
    status,
    fields: `location: ${whole}\r\n`,
    text: `docker-mesh: moved to ${whole}\n`,
  };
}
