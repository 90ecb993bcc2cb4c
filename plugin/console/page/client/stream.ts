// A stream of server-sent events that comes back by itself. The browser reconnects when a connection breaks, but gives up for
// good when it is answered with anything but a stream, as a restarting agent or a proxy before it does: then this tries again.

export type StreamState = "connecting" | "live" | "lost";

export interface StreamListener {
  /** What was sent, parsed. */
  readonly onMessage: (message: unknown) => void;
  readonly onState: (state: StreamState) => void;
  /** The answer was no stream; whoever listens may look whether its session is over. */
  readonly onRefused: () => void;
}

/** ms until the next try; the last one repeats. */
const PAUSES = [1_000, 2_000, 4_000, 8_000] as const;

/** Connects until the signal aborts. */
export function followStream(url: string, listener: StreamListener, signal: AbortSignal): void {
  let tries = 0;
  const connect = (): void => {
    if (signal.aborted) return;
    const source = new EventSource(url);
    const attempt = new AbortController();
    signal.addEventListener("abort", () => source.close(), { signal: attempt.signal });
    source.addEventListener("open", () => {
      tries = 0;
      listener.onState("live");
    });
    source.addEventListener("message", ({ data }) => listener.onMessage(JSON.parse(data)));
    source.addEventListener("error", () => {
      listener.onState("lost");
      if (source.readyState !== EventSource.CLOSED) return;
      attempt.abort();
      listener.onRefused();
      setTimeout(connect, PAUSES[Math.min(tries, PAUSES.length - 1)]);
      tries += 1;
    });
  };
  listener.onState("connecting");
  connect();
}
