// The first value of something that goes on.

const PATIENCE = 10_000;

/** The first value; the iteration is ended before it is returned. Throws when none has come in ten seconds. */
export async function first<T>(start: (signal: AbortSignal) => AsyncIterable<T>): Promise<T> {
  const stop = new AbortController();
  try {
    for await (const value of start(AbortSignal.any([stop.signal, AbortSignal.timeout(PATIENCE)])))
      return value;
    throw new Error("expected a value, got none");
  } finally {
    stop.abort();
  }
}
