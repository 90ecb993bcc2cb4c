// The one place that chooses how a connection is read and written.
import type { Connection } from "./connection.ts";
import { HandleWire } from "./handle-wire.ts";
import { HAS_HANDLES, handleOf, MAY_USE_INTERNALS } from "./node-internals.ts";
import { SocketWire } from "./socket-wire.ts";
import type { Wire } from "./wire.ts";

const USE_HANDLES: boolean = HAS_HANDLES && MAY_USE_INTERNALS;

/** Takes the connection over: whoever had it before does not listen to its socket any more. It must be open. */
export function openWire(connection: Connection): Wire {
  const handle = USE_HANDLES ? handleOf(connection.socket) : undefined;
  return handle === undefined ? new SocketWire(connection) : new HandleWire(connection, handle);
}
