// Reads the engine's event stream. An event only says which container to look at again, whether it is being stopped, and at
// a start what its labels are, since a container to be held has no time for questions; all else that is true is asked of
// `inspect` afterwards. Reconnects for ever, and says so, since events in between are lost.
import { Backoff } from "../../mesh/backoff.ts";
import type { Clock } from "../../mesh/clock.ts";
import { describeError } from "../../mesh/errors.ts";
import type { Log } from "../../mesh/log.ts";

/** `subscribed` comes first and after every reconnection: whatever happened before it must be listed. */
export type EngineEvent =
  | { readonly kind: "subscribed" }
  | { readonly kind: "lost"; readonly reason: string }
  | ChangeEvent
  | StartEvent
  /** A service of the swarm; only managers hear of them. */
  | { readonly kind: "service" }
  | { readonly kind: "signalled"; readonly containerId: string; readonly signal: string };

export interface ChangeEvent {
  readonly kind: "changed";
  readonly containerId: string;
  readonly action: string;
  /** At its creation and end, as for a start. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface StartEvent {
  readonly kind: "started";
  readonly containerId: string;
  readonly containerName: string;
  /** By the engine's wall clock, ms: not before the start that it tells of, and before any later one. */
  readonly at: number;
  /** Of the container, and a few words of the engine's own. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The newest actions that can change what the mesh must do; `exec_*`, `top` and the like are noise. */
const ACTIONS = new Set([
  "create",
  "die",
  "pause",
  "unpause",
  "update",
  "rename",
  "destroy",
  "connect",
  "disconnect",
]);

export interface EventSource {
  openEvents(signal: AbortSignal): Promise<NodeJS.ReadableStream>;
}

/** All events until the signal aborts. */
export async function* followEvents(
  engine: EventSource,
  clock: Clock,
  log: Log,
  signal: AbortSignal,
): AsyncGenerator<EngineEvent, void, undefined> {
  const backoff = new Backoff({ base: 100, max: 5_000 });
  while (!signal.aborted) {
    let reason = "the stream ended";
    try {
      const stream = await engine.openEvents(signal);
      yield { kind: "subscribed" };
      for await (const line of readLines(stream)) {
        backoff.reset();
        const event = readEvent(line);
        if (event !== undefined) yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      reason = describeError(error);
    }
    yield { kind: "lost", reason };
    log.warn("lost the engine's event stream, reconnecting", { reason });
    await clock.sleep(backoff.next(), signal).catch(() => undefined);
  }
}

/** Lines of a byte stream: the engine cuts chunks in the middle of lines and even of characters. */
export async function* readLines(
  stream: NodeJS.ReadableStream,
): AsyncGenerator<string, void, undefined> {
  stream.setEncoding("utf8");
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line.trim() !== "");
  }
}

/** One line as an event; undefined when it does not matter here. */
export function readEvent(line: string): EngineEvent | undefined {
  const {
    Type: type,
    Action: action,
    Actor: actor,
    timeNano: time = 0,
  } = JSON.parse(line) as RawEvent;
  if (type === "service") return { kind: "service" };
  const attributes = actor?.Attributes ?? {};
  const containerId = type === "network" ? attributes["container"] : actor?.ID;
  if (containerId === undefined || action === undefined) return undefined;
  if (action === "kill")
    return { kind: "signalled", containerId, signal: attributes["signal"] ?? "15" };
  if (action === "start") return readStart(containerId, attributes, time);
  // "health_status: healthy" carries its value in the action.
  const name = action.split(":", 1)[0] ?? action;
  if (!ACTIONS.has(name) && name !== "health_status") return undefined;
  const isTold = type !== "network" && (action === "create" || action === "die");
  return { kind: "changed", containerId, action, ...(isTold ? { labels: attributes } : {}) };
}

/** Its number of nanoseconds is too long for a double, which is then wrong by less than a microsecond. */
function readStart(
  containerId: string,
  attributes: Readonly<Record<string, string>>,
  nanoseconds: number,
): StartEvent {
  const { name = containerId, ...labels } = attributes;
  const at = Math.ceil(nanoseconds / 1_000_000);
  return { kind: "started", containerId, containerName: name, at, labels };
}

interface RawEvent {
  readonly timeNano?: number;
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}
