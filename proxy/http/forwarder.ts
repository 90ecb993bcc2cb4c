// The seam between the sidecar and the engine that speaks HTTP/1.1. The sidecar decides (fields, destinations, counting);
// the engine parses, keeps connections, moves bodies with back-pressure, repeats what may be repeated, and answers failures.
import type { FailureCode } from "../failures.ts";
import type { Connection } from "../transport/connection.ts";
import type { Fields } from "./fields.ts";

/** The first part of a request, as it came. */
export interface RequestHead {
  readonly method: string;
  /** The request target, undecoded. */
  readonly target: string;
  readonly fields: Fields;
}

/** Where a request can be sent. Destinations of equal keys share their pooled connections. */
export interface Destination {
  readonly key: string;
  /**
   * True for peers that close idle connections after a time of their own choosing: what could not be repeated then goes
   * over a fresh connection, since an idle one may be closing at this very moment.
   */
  readonly closesIdle: boolean;
  /** A new connection. Rejects with a DialError: nothing was sent. */
  dial(signal: AbortSignal): Promise<Connection>;
  /**
   * Whether its address still answers at all. A container that is gone answers nothing, not even that it is gone: a
   * request on its way over a kept connection would wait for ever.
   */
  answers(): Promise<boolean>;
}

/** What is to be done with one request. Disposed once, when its exchange is over. */
export interface Exchange extends Disposable {
  /** The name used in failure texts. */
  readonly service: string;
  /** The fields to send, hop-by-hop ones removed; the engine adds those of its own connection. */
  readonly fields: Fields;
  /** In order of preference. Empty: the request fails with NO_HEALTHY_ENDPOINT. */
  readonly destinations: readonly Destination[];
  /** The failure of a request for which no destination could be connected to. */
  readonly unreachable: FailureCode;
  /** True when the destinations are authenticated sidecars, whose statement that a request never arrived is believed. */
  readonly trustsFailures: boolean;
  /** Asked when the response begins: whether the caller should be told to close its connection. */
  closing(): boolean;
  /** The mesh answers in place of the destination. */
  failed(code: FailureCode): void;
}

/** Decides about a request when its head has arrived. */
export type RequestHandler = (head: RequestHead) => Exchange;

export interface HttpForwarder {
  /** Serves the requests that arrive on a connection, which it owns from now on. */
  serve(connection: Connection, handler: RequestHandler): void;
  /** Closes idle connections to destinations of any other key, and those in use when their request is over. */
  retain(keys: ReadonlySet<string>): void;
  /** Breaks off everything at once. */
  close(): void;
}
