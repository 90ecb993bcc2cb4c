// The one place that chooses how a connection is read and written.
import type { Connection } from "./connection.ts";
import { HandleWire } from "./handle-wire.ts";
import { HAS_HANDLES, handleOf } from "./node-internals.ts";
import { SocketWire } from "./socket-wire.ts";
import type { Wire } from "./wire.ts";

/** `MESH_IO=socket` keeps to the documented parts of Node, should another version of it break the fast way. */
const USE_HANDLES: boolean = HAS_HANDLES && process.env["MESH_IO"] !== "socket";

/** Takes the connection over: whoever had it before does not listen to its socket any more. It must be open. */
export function openWire(connection: Connection): Wire {
  const handle = USE_HANDLES ? handleOf(connection.socket) : undefined;
  return handle === undefined ? new SocketWire(connection) : new HandleWire(connection, handle);
}
