// The answer to "what would happen to this request, and why", as the API gives it and the command tells it. Types only.
import type { Protocol } from "../../mesh/model.ts";
import type { PolicySource } from "../../mesh/policy/document.ts";
import type { EndpointState } from "../../proxy/configuration/snapshot.ts";

/** A request that nobody sends. */
export interface Question {
  /** Whose application calls: a service by its catalog name or a short one, or a container of this node. */
  readonly from: string;
  /** As the application calls it. */
  readonly to: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** The port that the application dials; undefined: the service's first. */
  readonly port: number | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface Explanation {
  readonly request: Pick<Question, "method" | "path" | "headers">;
  readonly caller: ExplainedCaller;
  /** Undefined where the mesh does not lead there: `result` says why. */
  readonly callee: ExplainedCallee | undefined;
  /** In the order in which they are tried, up to the one that decides. */
  readonly routes: readonly ExplainedRoute[];
  /** What the route that decides does to the request, each in a few words. */
  readonly effects: readonly string[];
  /** What else holds for the request, that is of interest: timeouts, retries, limits. */
  readonly settings: readonly ExplainedSetting[];
  readonly endpoints: readonly ExplainedEndpoint[];
  /** One for each service that the request may come to. */
  readonly access: readonly ExplainedAccess[];
  readonly result: ExplainedResult;
  /** What this explanation does not know, each a sentence. */
  readonly notes: readonly string[];
}

export interface ExplainedCaller {
  readonly service: string;
  readonly container: string;
  readonly node: string;
  /** Its SPIFFE id. */
  readonly identity: string;
  /** Whether it is told with what its own sidecar has and sees. */
  readonly local: boolean;
}

export interface ExplainedCallee {
  readonly service: string;
  /** The names by which the caller's application knows it. */
  readonly names: readonly string[];
  /** The loopback address that stands for it beside the caller. */
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
}

export interface ExplainedRoute {
  readonly name: string;
  readonly matched: boolean;
  /** Why it did not. */
  readonly unmet: readonly string[];
}

export interface ExplainedSetting {
  readonly field: string;
  readonly value: string;
  readonly source: PolicySource;
}

export interface ExplainedEndpoint {
  readonly service: string;
  readonly id: string;
  readonly container: string;
  readonly node: string;
  readonly address: string | undefined;
  readonly network: string | undefined;
  readonly version: string | undefined;
  readonly health: string;
  /** As the caller's sidecar sees it; undefined where it has not said. */
  readonly state: EndpointState | undefined;
  /** Percent of requests like this one that go there. */
  readonly share: number;
  /** Why none do, or fewer; empty where there is nothing to say. */
  readonly reason: string;
}

export interface ExplainedAccess {
  readonly service: string;
  readonly decision: "allowed" | "audited" | "refused";
  /** What decides, each in a few words. */
  readonly because: readonly string[];
  readonly status: number | undefined;
  readonly code: string | undefined;
  /** Percent of requests like this one that come to it. */
  readonly share: number;
}

/** `mixed`: chance decides between some of the others. `outside`: the mesh has nothing to do with it. */
export interface ExplainedResult {
  readonly kind: "goes" | "answered" | "refused" | "mixed" | "outside";
  /** What the caller is answered, where the mesh answers. */
  readonly status: number | undefined;
  readonly code: string | undefined;
  /** A sentence that begins with a verb, such as "goes to …". */
  readonly text: string;
}
