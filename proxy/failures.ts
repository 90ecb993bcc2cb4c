// What the mesh itself can fail at on the way of a request, and how each failure looks to an HTTP caller.
// The only place of the data plane that knows a status code. Control plane codes stand in `mesh/errors.ts`.

/** Stable, public codes; the value of {@link FAILURE_FIELD}. */
export type FailureCode =
  | "NO_HEALTHY_ENDPOINT"
  | "ENDPOINTS_UNREACHABLE"
  | "CONNECTION_LOST"
  | "APPLICATION_UNREACHABLE"
  | "REQUEST_MALFORMED"
  | "REQUEST_TOO_LARGE"
  | "REQUEST_TIMEOUT"
  | "REQUEST_UNSUPPORTED"
  | "RESPONSE_MALFORMED";

export interface Failure {
  readonly status: number;
  /** True when no application can have seen the request, so that any method may be tried elsewhere. */
  readonly neverReached: boolean;
  /** Follows `docker-mesh: ` in the body. */
  describe(service: string): string;
}

/**
 * The response field that names the failure. Between sidecars it is believed only when the peer was authenticated; a
 * sidecar removes it from every response that it passes on, so that no application can forge one.
 */
export const FAILURE_FIELD = "x-mesh-failure";

export const FAILURES: Readonly<Record<FailureCode, Failure>> = {
  NO_HEALTHY_ENDPOINT: {
    status: 503,
    neverReached: true,
    describe: (service) => `no healthy endpoint for ${service}`,
  },
  ENDPOINTS_UNREACHABLE: {
    status: 503,
    neverReached: true,
    describe: (service) => `no endpoint of ${service} could be reached`,
  },
  CONNECTION_LOST: {
    status: 502,
    neverReached: false,
    describe: (service) => `the connection to ${service} was lost before it answered`,
  },
  APPLICATION_UNREACHABLE: {
    status: 503,
    neverReached: true,
    describe: (service) => `the application of ${service} does not accept connections`,
  },
  REQUEST_MALFORMED: {
    status: 400,
    neverReached: true,
    describe: () => "the request is malformed",
  },
  REQUEST_TOO_LARGE: {
    status: 431,
    neverReached: true,
    describe: () => "the head of the request is too large",
  },
  REQUEST_TIMEOUT: {
    status: 408,
    neverReached: true,
    describe: () => "the request did not arrive in time",
  },
  REQUEST_UNSUPPORTED: {
    status: 501,
    neverReached: true,
    describe: () => "the request asks for something that is not supported",
  },
  RESPONSE_MALFORMED: {
    status: 502,
    neverReached: false,
    describe: (service) => `${service} gave a malformed response`,
  },
};

/** The code that a peer's sidecar wrote into {@link FAILURE_FIELD}; undefined for anything else. */
export function parseFailureCode(text: string | undefined): FailureCode | undefined {
  return text !== undefined && Object.hasOwn(FAILURES, text) ? (text as FailureCode) : undefined;
}
