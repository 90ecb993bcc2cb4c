// What the requests of a load say about the use of endpoints, put beside what else was seen. Pure.
import type { AskedRequest } from "../history.ts";
import type { Observations, UseSeen } from "./observations.ts";

/** Of endpoints of that service, which are named after it and the replica's host name. */
export function observationsOf(
  { catalog, snapshots }: Pick<Observations, "catalog" | "snapshots">,
  requests: readonly AskedRequest[],
  service: string,
): Observations {
  const uses = requests.flatMap(({ begun, replica }): UseSeen[] =>
    replica === undefined ? [] : [{ at: begun, endpoint: `${service}-${replica}` }],
  );
  return { catalog, snapshots, uses };
}
