// What those who look at live requests get: the API's lines, the console's events. Types only.
import type { ObservedRequest } from "../../proxy/configuration/observed-request.ts";

/** One request as one of its two sidecars saw it; a request within the mesh is seen by both. */
export interface TappedRequest extends ObservedRequest {
  /** Catalog names; of a caller without identity the source is "". */
  readonly source: string;
  readonly destination: string;
  /** The container whose sidecar tells it. */
  readonly container: string;
  /** The other one of its sidecars tells it, too: who wants to see each request once leaves this one out. */
  readonly repeated: boolean;
}

/** So many more were not shown: the reader, the agent or a sidecar had no room. */
export interface TapGap {
  readonly dropped: number;
}

export type TapEvent = TappedRequest | TapGap;

/** Everything that is given must hold. */
export interface TapFilter {
  /** Catalog name or the project's own name of the callee; undefined: any. */
  readonly service: string | undefined;
  readonly source: string | undefined;
  readonly method: string | undefined;
  readonly pathPrefix: string | undefined;
  /** A status, or a class such as `5xx`. */
  readonly status: string | undefined;
  /** Only what failed: 5xx, and what the mesh answered or broke off. */
  readonly failed: boolean;
}
