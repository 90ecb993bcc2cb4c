// A caller that says nothing may wait for the other side to speak first (databases, mail), or just be early. Its
// connection is carried on to the destination, and whoever speaks first decides what it is.
import { tunnel } from "../tcp/tunnel.ts";
import type { Connection } from "../transport/connection.ts";
import { FirstBytes } from "./first-bytes.ts";

/**
 * Opens the way to the destination for a connection that `detect` found silent. If the destination speaks first, or the
 * caller something that is not HTTP, both are joined: resolves with `tunnelled` once both are closed, or the caller is. If
 * the caller turns out to speak HTTP, the destination is let go and `near` is as `detect` would have left it.
 *
 * `joined` is called when it has become clear that the two belong together.
 *
 * Rejects with `dial`'s error; `near` is then still open and the caller's to close. The signal given to `dial` aborts when
 * its outcome is no longer wanted.
 */
export async function relaySilent(
  near: Connection,
  dial: (signal: AbortSignal) => Promise<Connection>,
  joined: () => void,
): Promise<"tunnelled" | "http1" | "http2"> {
  const unwanted = new AbortController();
  const caller = new FirstBytes(near.socket, "late");
  const far = dial(unwanted.signal);
  const destination = far.then(({ socket }) => new FirstBytes(socket, "sign"));
  const answered = destination.then(({ detected }) => detected).then(() => "tcp" as const);
  try {
    const detected = await Promise.race([caller.detected, answered]);
    if (detected === "tcp") {
      (await destination).release("tcp");
      caller.release("tcp");
      joined();
      await tunnel(near, await far);
      return "tunnelled";
    }
    unwanted.abort(new Error("the caller has no use for this connection"));
    letGo(far);
    return detected === "http1" || detected === "http2" ? detected : "tunnelled";
  } catch (error) {
    caller.release("tcp");
    throw error;
  }
}

/** Closes what may still be opened. */
function letGo(far: Promise<Connection>): void {
  far.then(
    ({ socket }) => socket.destroy(),
    () => undefined,
  );
}
