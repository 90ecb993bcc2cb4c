// Work that is cleaned up after on every way out: done, failed, or interrupted by a signal.

import { SetupError } from "../command.ts";

/** Runs the work, then the cleanup. SIGINT and SIGTERM abort the signal and cut the work short; a second one kills. */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  cleanup: () => Promise<void>,
): Promise<T> {
  const stop = new AbortController();
  const interrupted = Promise.withResolvers<never>();
  // Told to whoever waits below; when nobody does any more, it is no failure of the process.
  interrupted.promise.catch(() => undefined);
  const onSignal = (name: NodeJS.Signals): void => {
    const reason = new SetupError(`interrupted by ${name}`);
    stop.abort(reason);
    interrupted.reject(reason);
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, onSignal);
  try {
    return await Promise.race([work(stop.signal), interrupted.promise]);
  } finally {
    await cleanup();
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(name, onSignal);
  }
}
