// Single requests as they happen. Sidecars tell them only while somebody looks, so the stream lives as long as this view.
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { TapEvent } from "../../../tap/tap-event.ts";
import { explainRefusal, type RequestFailed } from "../client/client.ts";
import { useClient } from "../client/hooks.ts";
import { PATHS } from "../client/paths.ts";
import { followStream, type StreamState } from "../client/stream.ts";
import { tapAddress } from "../model/filters.ts";
import { addEvents, NO_ROWS, ROW_LIMIT, type TapRows } from "../model/tap-rows.ts";
import { Empty, Failure, ViewHead } from "../parts/sections.tsx";
import { TapFilters } from "./tap-filters.tsx";
import { TapTable } from "./tap-table.tsx";
import type { ViewProps } from "./view-props.ts";

/** ms between two changes of what is shown. */
const SHOW_EVERY = 250;
/** Events that wait for it. */
const WAITING_LIMIT = 2 * ROW_LIMIT;

export function TapView({ place, view }: ViewProps): VNode {
  const [paused, setPaused] = useState(false);
  const { rows, state, error } = useTap(
    tapAddress(PATHS.tap, place.query),
    place.query["both"] === "true",
    paused,
  );
  const { received, dropped } = rows;
  return (
    <>
      <ViewHead title="Live requests">
        <button type="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>
          {paused ? "Go on" : "Pause"}
        </button>
      </ViewHead>
      <TapFilters place={place} services={view.status.services.map(({ service }) => service)} />
      <p class="hint tap-state">
        <span role="status">{describeState(state, paused)}</span>
        <span>
          {received} received{dropped > 0 && `, ${dropped} dropped because there was no room`}, the
          last {ROW_LIMIT} are kept here
        </span>
      </p>
      {error !== undefined && <Failure error={error} />}
      {rows.rows.length === 0 ? (
        <Empty title="No request yet that fits.">
          Requests show here as they end. Make one, or choose less above: an empty field means any.
        </Empty>
      ) : (
        <TapTable rows={rows.rows} />
      )}
    </>
  );
}

function describeState(state: StreamState, paused: boolean): string {
  if (state !== "live") return "Connecting…";
  return paused ? "Paused: what comes meanwhile is shown later." : "Watching.";
}

interface Tap {
  readonly rows: TapRows;
  readonly state: StreamState;
  /** Why the agent does not tell any. */
  readonly error: RequestFailed | undefined;
}

/** `bothEnds`: a request within the mesh twice, as each of its two sidecars tells it. */
function useTap(address: string, bothEnds: boolean, paused: boolean): Tap {
  const client = useClient();
  const [rows, setRows] = useState(NO_ROWS);
  const [state, setState] = useState<StreamState>("connecting");
  const [error, setError] = useState<RequestFailed>();
  const waiting = useRef<TapEvent[]>([]);
  const held = useRef(paused);
  held.current = paused;
  useEffect(() => {
    const end = new AbortController();
    setRows(NO_ROWS);
    setError(undefined);
    waiting.current = [];
    const onMessage = (message: unknown): void => {
      const event = message as TapEvent;
      if (!bothEnds && "repeated" in event && event.repeated) return;
      waiting.current.push(event);
      if (waiting.current.length > WAITING_LIMIT) waiting.current.splice(0, ROW_LIMIT);
    };
    const onRefused = async (): Promise<void> => {
      await client.ask(PATHS.session).catch(() => undefined);
      const refused = await explainRefusal(address);
      if (!end.signal.aborted) setError(refused);
    };
    const onState = (now: StreamState): void => {
      setState(now);
      if (now === "live") setError(undefined);
    };
    // Several fields may be changed in quick succession.
    const begin = setTimeout(
      () =>
        followStream(
          address,
          { onMessage, onState, onRefused: () => void onRefused() },
          end.signal,
        ),
      SHOW_EVERY,
    );
    const show = setInterval(() => {
      if (held.current || waiting.current.length === 0) return;
      const events = waiting.current.splice(0);
      setRows((last) => addEvents(last, events));
    }, SHOW_EVERY);
    return () => {
      end.abort();
      clearTimeout(begin);
      clearInterval(show);
    };
  }, [address, bothEnds, client]);
  return { rows, state, error };
}
