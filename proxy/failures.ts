// What the mesh itself can fail at on the way of a request, and how each failure looks to an HTTP caller.
// The only place of the data plane that knows their status codes. Control plane codes stand in `mesh/errors.ts`.
import type { RetryCondition } from "../mesh/policy/policy.ts";

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
  | "RESPONSE_MALFORMED"
  | "TRY_TIMED_OUT"
  | "REQUEST_TIMED_OUT"
  | "STREAM_IDLE"
  | "OVERLOADED"
  | "RATE_LIMITED"
  | "ACCESS_DENIED"
  | "TOKEN_INVALID"
  | "EGRESS_DENIED"
  | "EGRESS_UNREACHABLE"
  | "FAULT_INJECTED"
  | "NOT_PUBLISHED";

export interface Failure {
  readonly status: number;
  /** True when no application can have seen the request, so that any method may be tried elsewhere. */
  readonly neverReached: boolean;
  /**
   * Under which condition another try is worth it. Undefined: what it says about the request, its caller or its time would
   * be the same elsewhere.
   */
  readonly retriedOn: RetryCondition | undefined;
  /** Whether it speaks against the endpoint that was tried. Other failures are answers, which a working endpoint gives too. */
  readonly blamesEndpoint: boolean;
  /** Field lines that belong to the answer, each with its CRLF. */
  readonly fields: string;
  /** Follows `docker-mesh: ` in the body. */
  describe(service: string): string;
}

/**
 * The response field that names the failure. Between sidecars it is believed only when the peer was authenticated; a
 * sidecar removes it from every response that it passes on, so that no application can forge one.
 */
export const FAILURE_FIELD = "x-mesh-failure";

/** Of a failure that is over soon; seconds. */
const SOON = "retry-after: 1\r\n";

/** What holds for most: the request itself cannot be answered. */
const ANSWER = {
  neverReached: true,
  retriedOn: undefined,
  blamesEndpoint: false,
  fields: "",
} as const;

/** The endpoint could not be asked. */
const UNREACHED = { ...ANSWER, retriedOn: "connect-failure", blamesEndpoint: true } as const;

/** The application may have seen the request. */
const SEEN = { ...ANSWER, neverReached: false, blamesEndpoint: true } as const;

export const FAILURES: Readonly<Record<FailureCode, Failure>> = {
  NO_HEALTHY_ENDPOINT: {
    ...ANSWER,
    status: 503,
    describe: (service) => `no healthy endpoint for ${service}`,
  },
  ENDPOINTS_UNREACHABLE: {
    ...UNREACHED,
    status: 503,
    describe: (service) => `no endpoint of ${service} could be reached`,
  },
  CONNECTION_LOST: {
    ...SEEN,
    status: 502,
    retriedOn: "reset",
    describe: (service) => `the connection to ${service} was lost before it answered`,
  },
  APPLICATION_UNREACHABLE: {
    ...UNREACHED,
    status: 503,
    describe: (service) => `the application of ${service} does not accept connections`,
  },
  REQUEST_MALFORMED: {
    ...ANSWER,
    status: 400,
    describe: () => "the request is malformed",
  },
  REQUEST_TOO_LARGE: {
    ...ANSWER,
    status: 431,
    describe: () => "the head of the request is too large",
  },
  REQUEST_TIMEOUT: {
    ...ANSWER,
    status: 408,
    describe: () => "the request did not arrive in time",
  },
  REQUEST_UNSUPPORTED: {
    ...ANSWER,
    status: 501,
    describe: () => "the request asks for something that is not supported",
  },
  RESPONSE_MALFORMED: {
    ...SEEN,
    status: 502,
    retriedOn: "reset",
    describe: (service) => `${service} gave a malformed response`,
  },
  TRY_TIMED_OUT: {
    ...SEEN,
    status: 504,
    retriedOn: "timeout",
    describe: (service) => `${service} did not begin to answer in time`,
  },
  REQUEST_TIMED_OUT: {
    ...SEEN,
    status: 504,
    describe: (service) => `${service} did not answer within the time that the request has`,
  },
  STREAM_IDLE: {
    ...SEEN,
    status: 504,
    describe: (service) => `nothing was heard of ${service} or its caller for too long`,
  },
  OVERLOADED: {
    ...ANSWER,
    status: 503,
    retriedOn: "refused",
    fields: SOON,
    describe: (service) => `${service} has more requests than it may have at once`,
  },
  RATE_LIMITED: {
    ...ANSWER,
    status: 429,
    fields: SOON,
    describe: (service) => `${service} gets more requests than it may in this time`,
  },
  ACCESS_DENIED: {
    ...ANSWER,
    status: 403,
    describe: (service) => `${service} may not be called by this caller in this way`,
  },
  TOKEN_INVALID: {
    ...ANSWER,
    status: 401,
    fields: "www-authenticate: Bearer\r\n",
    describe: (service) => `${service} wants a valid token of its user`,
  },
  NOT_PUBLISHED: {
    ...ANSWER,
    status: 404,
    describe: () => "nothing is published under this host and path",
  },
  EGRESS_DENIED: {
    ...ANSWER,
    status: 403,
    describe: (host) => `${host} may not be called: mesh.egress of this service does not list it`,
  },
  EGRESS_UNREACHABLE: {
    ...ANSWER,
    status: 503,
    describe: (host) => `no address of ${host} outside could be reached`,
  },
  // The status is the fault's own.
  FAULT_INJECTED: {
    ...ANSWER,
    status: 503,
    describe: (service) => `a fault was injected on the way to ${service}, as its policy says`,
  },
};

/** An answer of the mesh itself. */
export interface LocalAnswer {
  /** Undefined for an answer that is no failure, such as a redirect. */
  readonly code: FailureCode | undefined;
  readonly status: number;
  /** Field lines, each with its CRLF. */
  readonly fields: string;
  /** The body, for people; empty with 204, 205 and 304. */
  readonly text: string;
  /** Which rule, intention or limit decided so: for those who operate the mesh, never for callers. */
  readonly reason?: string;
}

/** The answer that stands for a failure on the way to a service. */
export function failureAnswer(code: FailureCode, service: string): LocalAnswer {
  const { status, fields, describe } = FAILURES[code];
  return { code, status, fields, text: `docker-mesh: ${describe(service)}\n` };
}

/** The code that a peer's sidecar wrote into {@link FAILURE_FIELD}; undefined for anything else. */
export function parseFailureCode(text: string | undefined): FailureCode | undefined {
  return text !== undefined && Object.hasOwn(FAILURES, text) ? (text as FailureCode) : undefined;
}
