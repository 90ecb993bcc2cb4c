// What components share of the page's state: the address, the agent's stream, answers that are asked for again and again.
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type { ConsoleView } from "../../view.ts";
import { type Place, parsePlace } from "../model/place.ts";
import { type Client, ClientContext, RequestFailed } from "./client.ts";
import { PATHS } from "./paths.ts";
import { followStream, type StreamState } from "./stream.ts";

/** Follows the address. */
export function usePlace(): Place {
  const [place, setPlace] = useState(() => parsePlace(location.hash));
  useEffect(() => {
    const change = (): void => setPlace(parsePlace(location.hash));
    window.addEventListener("hashchange", change);
    return () => window.removeEventListener("hashchange", change);
  }, []);
  return place;
}

export function useClient(): Client {
  const client = useContext(ClientContext);
  if (client === undefined) throw new Error("expected somebody to be logged in");
  return client;
}

export interface Live {
  /** Undefined before the first one. */
  readonly view: ConsoleView | undefined;
  readonly state: StreamState;
}

/** The newest state of the mesh. */
export function useLiveView(): Live {
  const client = useClient();
  const [view, setView] = useState<ConsoleView>();
  const [state, setState] = useState<StreamState>("connecting");
  useEffect(() => {
    const end = new AbortController();
    const onRefused = (): void => {
      // Ends the session when it is over; any other failure will show in the next try.
      client.ask(PATHS.session).catch(() => undefined);
    };
    const onMessage = (message: unknown): void => setView(message as ConsoleView);
    followStream(PATHS.events, { onMessage, onState: setState, onRefused }, end.signal);
    return () => end.abort();
  }, [client]);
  return { view, state };
}

export interface Answer<T> {
  /** The newest one; stays while it is asked for again. */
  readonly value: T | undefined;
  readonly error: RequestFailed | undefined;
}

/** Asks when the path or the key changes, one request at a time. */
export function useAnswer<T>(path: string, key: number | string = ""): Answer<T> {
  const client = useClient();
  const [answer, setAnswer] = useState<Answer<T> & { readonly path: string }>();
  useEffect(() => {
    const end = new AbortController();
    client.ask(path, { signal: end.signal }).then(
      (value) => setAnswer({ path, value: value as T, error: undefined }),
      (error: unknown) => {
        if (end.signal.aborted) return;
        const failed = asFailed(error);
        setAnswer((last) => ({
          ...{ path, error: failed, value: last?.path === path ? last.value : undefined },
        }));
      },
    );
    return () => end.abort();
  }, [client, path, key]);
  return answer?.path === path ? answer : { value: undefined, error: undefined };
}

/** What is thrown while asking, as people can be told it. */
export function asFailed(error: unknown): RequestFailed {
  if (error instanceof RequestFailed) return error;
  return new RequestFailed(0, { error: { code: "INTERNAL", message: String(error) } });
}

/** Width of an element, px; 0 before it is known. */
export function useWidth<T extends Element>(): readonly [{ current: T | null }, number] {
  const element = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.floor(entry?.contentRect.width ?? 0)),
    );
    if (element.current !== null) observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
