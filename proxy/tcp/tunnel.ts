// Bytes both ways between two connections until both directions have ended. Each end is passed on by itself
// (half-close), a reader waits for a slow writer, and whatever breaks off is a reset for the other side.
import type { Connection } from "../transport/connection.ts";

/** Resolves when both connections are closed; it owns them until then. Errors end in resets, never in a rejection. */
export async function tunnel(near: Connection, far: Connection): Promise<void> {
  await Promise.all([relay(near, far), relay(far, near)]);
}

/** Carries `from`'s bytes into `to`; resolves when `from` is closed. */
function relay(from: Connection, to: Connection): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const broken = (): void => {
    from.reset();
    to.reset();
  };
  from.socket.on("error", broken);
  from.socket.once("close", () => {
    if (!from.socket.readableEnded || !from.socket.writableFinished) broken();
    resolve();
  });
  if (from.socket.destroyed) {
    broken();
    resolve();
  } else {
    from.socket.pipe(to.socket);
  }
  return promise;
}
