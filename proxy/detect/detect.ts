// What an accepted connection carries: the first step on its way, before anything is decided about it.
import type { Connection } from "../transport/connection.ts";
import { type Detected, FirstBytes } from "./first-bytes.ts";

/**
 * Resolves with what the connection carries as soon as that is clear; what was read for it is back in the socket, which
 * nobody else must have begun to read. Never rejects.
 *
 * With `http`, HTTP/2 is told from all the rest, which is `http1`; there is no time limit, and no cost for one: limiting how
 * long a connection may idle is up to the caller. `closed` connections are destroyed. With `auto`, `silent` means that the
 * other side may wait for us to speak: see `relaySilent`.
 */
export async function detect(connection: Connection, expected: "http" | "auto"): Promise<Detected> {
  const detected = await new FirstBytes(connection.socket, expected).detected;
  if (detected === "closed") connection.socket.destroy();
  return detected;
}
