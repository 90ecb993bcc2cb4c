// Ending without cutting anyone off: what is in flight is finished, nothing new is accepted.
import type { Server } from "node:http";

/** Must be shorter than the container's `stop_grace_period`, or the engine cuts first. */
const GRACE_MILLISECONDS = 4_000;

/** On SIGTERM or SIGINT: stop accepting, let requests in flight finish, release resources, exit. */
export function stopOnSignal(server: Server, name: string, close: () => void): void {
  // A connection that was busy when the listener closed is idle after its response, and would be kept alive.
  server.on("request", (_request, response) => {
    response.once("finish", () => {
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    });
  });
  const stop = (): void => {
    if (!server.listening) return;
    console.log(`${name} stops`);
    server.close(() => {
      close();
      process.exit(0);
    });
    setTimeout(() => server.closeAllConnections(), GRACE_MILLISECONDS).unref();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
