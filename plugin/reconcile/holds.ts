// Pausing applications that are to wait for their sidecar, as early as can be, and remembering who stands still because of
// us: a user's own pause is never undone, and what an agent that died has paused is found by the next one.
//
// The engine tells of a start when the application has been running for some time, and more goes by until it has been asked.
// So it is asked while it is still starting the container, which it tells of by connecting it to a network: it has the
// container locked until it is done, and the question waits at the lock. The start event is what everything works with
// where that is not so, and what says for certain which start was paused.
import type { Clock } from "../../mesh/clock.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";
import type { Log } from "../../mesh/log.ts";
import type { Engine } from "../docker/engine.ts";
import type { EngineEvent, StartEvent } from "../docker/events.ts";
import { parseLabels } from "../labels/parse.ts";
import type { Problem } from "../status.ts";
import type { ContainerRecord } from "./container-record.ts";
import type { HeldContainer, Hold } from "./hold.ts";

/** Shorter than the time that Docker gives an agent to stop, ms. */
const LET_GO_LIMIT = 5_000;
/** For the engine to start and pause a container, ms. The agent's end does not cut it short: whether it was done must be known. */
const PAUSE_LIMIT = 20_000;
/** So long is the start waited for that tells whether it was done, where the engine did not answer, ms: events get lost. */
const DOUBT_LIMIT = 60_000;
/** `startedBy` of a hold whose start has not been told of yet. */
const NOT_TOLD = Number.POSITIVE_INFINITY;

export interface HoldsParts {
  readonly engine: Pick<Engine, "pause" | "unpause">;
  /** Container id → `startedBy` of its hold. */
  readonly record: ContainerRecord;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when a container has been paused, before that event arrives. */
  readonly onChanged: (containerIds: readonly string[]) => void;
}

/** Of one container; `pausing`: the engine has been asked; `doubtful`: it did not answer, and may do it yet. */
interface Entry extends Hold {
  state: "pausing" | "doubtful" | "held" | "given-up";
  readonly since: number;
  problem: Problem | undefined;
}

export interface KnownHold extends Hold {
  /** Monotonic, ms; for one that an earlier agent began, the start of this agent. */
  readonly since: number;
  readonly givenUp: boolean;
}

export class Holds implements AsyncDisposable {
  readonly #parts: HoldsParts;
  readonly #entries = new Map<string, Entry>();
  readonly #pausing = new Set<Promise<void>>();
  /** Ids of those that must not run yet, not even when the agent ends. */
  #confined: ReadonlySet<string> = new Set();
  /** Names of containers that do not run and ask to be held when they do, by id. */
  readonly #idle = new Map<string, string>();

  constructor(parts: HoldsParts) {
    this.#parts = parts;
    for (const [containerId, startedBy] of parts.record.known)
      this.#entries.set(
        containerId,
        this.#entry(containerId, containerId, Number(startedBy), "held"),
      );
  }

  /**
   * Takes note of an event. True while a container is about to be paused, of which `onChanged` tells the end: the engine
   * should have nothing else to do meanwhile.
   */
  note(event: EngineEvent): boolean {
    if (event.kind === "started") return this.#noteStart(event);
    if (event.kind !== "changed") return false;
    const { containerId, action, labels = {} } = event;
    if (action === "connect") return this.#noteConnection(containerId);
    if (action === "destroy") this.#idle.delete(containerId);
    if (action !== "create" && action !== "die") return false;
    if (asksForHold(labels)) this.#idle.set(containerId, labels["name"] ?? containerId);
    const entry = this.#entries.get(containerId);
    if (entry !== undefined && entry.state !== "pausing") void this.forget(entry);
    return false;
  }

  /** A container that does not run is connected to a network when it starts. */
  #noteConnection(containerId: string): boolean {
    const name = this.#idle.get(containerId);
    if (name === undefined || this.#entries.has(containerId)) return false;
    this.#begin(this.#entry(containerId, name, NOT_TOLD, "pausing"), false);
    return true;
  }

  #noteStart(event: StartEvent): boolean {
    const { containerId, containerName, labels, at } = event;
    this.#idle.delete(containerId);
    if (!asksForHold(labels)) return false;
    const before = this.#entries.get(containerId);
    const wasEarly = before?.state === "held" && before.startedBy === NOT_TOLD;
    const entry = this.#entry(containerId, containerName, at, wasEarly ? "held" : "pausing");
    if (wasEarly) {
      this.#entries.set(containerId, entry);
      this.#rewrite(entry);
      return false;
    }
    if (before?.state !== "pausing") this.#begin(entry, before?.state === "doubtful");
    // The call that is under way then finds a newer start than its own.
    else this.#entries.set(containerId, entry);
    return true;
  }

  #begin(entry: Entry, doubtful: boolean): void {
    this.#entries.set(entry.containerId, entry);
    const pausing = this.#pause(entry.containerId, doubtful).finally(() =>
      this.#pausing.delete(pausing),
    );
    this.#pausing.add(pausing);
  }

  /** Those about which a look at the engine that begins now tells the truth. */
  get settled(): readonly KnownHold[] {
    const longAgo = this.#parts.clock.monotonic() - DOUBT_LIMIT;
    return [...this.#entries.values()]
      .filter(
        ({ state, since }) => state !== "pausing" && (state !== "doubtful" || since <= longAgo),
      )
      .map(({ containerId, containerName, startedBy, since, state }) => ({
        ...{ containerId, containerName, startedBy, since },
        givenUp: state === "given-up",
      }));
  }

  /** Takes note of what has become of them; returns the same. */
  look(held: readonly HeldContainer[]): readonly HeldContainer[] {
    const confined = held.filter(({ outlook }) => typeof outlook === "object" && outlook.confined);
    this.#confined = new Set(confined.map(({ containerId }) => containerId));
    return held;
  }

  /** Whether a container that is paused stands still because of us. */
  holds(containerId: string): boolean {
    const state = this.#entries.get(containerId)?.state;
    return state !== undefined && state !== "given-up";
  }

  get problems(): readonly Problem[] {
    const problems = [...this.#entries.values()].map(({ problem }) => problem);
    return problems.filter((problem) => problem !== undefined);
  }

  /** Lets the container of that hold run. With a problem, that is shown until it is forgotten. */
  async resume(hold: Hold, problem: string | undefined, signal: AbortSignal): Promise<void> {
    await this.#parts.engine.unpause(hold.containerId, signal);
    const entry = this.#entries.get(hold.containerId);
    if (problem === undefined || entry?.startedBy !== hold.startedBy)
      return await this.forget(hold);
    this.#giveUp(entry, "SIDECAR_PROBLEM", problem);
    await this.#parts.record.forget(hold.containerId);
  }

  /** Nothing is to be done for that hold any more; another one of the same container stays. */
  async forget({ containerId, startedBy }: Hold): Promise<void> {
    if (this.#entries.get(containerId)?.startedBy !== startedBy) return;
    this.#entries.delete(containerId);
    await this.#parts.record.forget(containerId);
  }

  /** Lets all run that may: nobody may come after this agent. */
  async [Symbol.asyncDispose](): Promise<void> {
    const limit = AbortSignal.timeout(LET_GO_LIMIT);
    const waiting = this.#parts.clock.sleep(LET_GO_LIMIT / 2, limit).catch(() => undefined);
    await Promise.race([Promise.allSettled(this.#pausing), waiting]);
    const held = [...this.#entries.values()].filter(
      ({ state, containerId }) =>
        (state === "held" || state === "doubtful") && !this.#confined.has(containerId),
    );
    const results = await Promise.allSettled(
      held.map((hold) => this.resume(hold, undefined, limit)),
    );
    for (const result of results)
      if (result.status === "rejected")
        this.#parts.log.error(
          "a held application may be paused still: the next agent lets it run",
          {
            error: describeError(result.reason),
          },
        );
  }

  #entry(
    containerId: string,
    containerName: string,
    startedBy: number,
    state: Entry["state"],
  ): Entry {
    const since = this.#parts.clock.monotonic();
    return { containerId, containerName, startedBy, state, since, problem: undefined };
  }

  /**
   * Written down first: an agent that dies before the engine's answer leaves a note that the next one can check. After a
   * `doubtful` attempt a container that is paused already was paused by that.
   */
  async #pause(containerId: string, doubtful: boolean): Promise<void> {
    const { engine, record } = this.#parts;
    for (;;) {
      const entry = this.#entries.get(containerId);
      if (entry === undefined) return;
      try {
        record.add(containerId, String(entry.startedBy));
        const paused = await engine.pause(containerId, AbortSignal.timeout(PAUSE_LIMIT));
        const newest = this.#entries.get(containerId) ?? entry;
        if (paused || doubtful) return this.#settle(newest, entry);
        if (newest === entry) return await this.#letBe(entry);
      } catch (error) {
        return await this.#settleFailure(this.#entries.get(containerId) ?? entry, doubtful, error);
      }
    }
  }

  /** In one go, so that no look at the engine begins in between: what it has not seen paused would be forgotten. */
  #holdOn(entry: Entry): void {
    entry.state = "held";
    this.#parts.onChanged([entry.containerId]);
  }

  #settle(newest: Entry, written: Entry): void {
    this.#holdOn(newest);
    if (newest !== written) this.#rewrite(newest);
  }

  /** It is paused: where this start cannot be written down, the note of the one before stays, and it is let go all the same. */
  #rewrite({ containerId, containerName, startedBy }: Entry): void {
    try {
      this.#parts.record.add(containerId, String(startedBy));
    } catch (error) {
      const details = { container: containerName, error: describeError(error) };
      this.#parts.log.error("the start of a held application could not be written down", details);
    }
  }

  /** It has ended already, or somebody else has paused it. */
  async #letBe(entry: Entry): Promise<void> {
    await this.forget(entry);
    this.#parts.onChanged([entry.containerId]);
  }

  /** Where no answer came, the pause may have been done: what is paused then counts as ours. */
  async #settleFailure(entry: Entry, doubtful: boolean, error: unknown): Promise<void> {
    if (doubtful) return this.#holdOn(entry);
    if (error instanceof MeshError && error.code === "ENGINE_UNAVAILABLE") {
      if (entry.startedBy !== NOT_TOLD) return this.#holdOn(entry);
      entry.state = "doubtful";
      return;
    }
    const message = `expected to hold it until its sidecar is ready (mesh.hold), found that ${describeError(error)}; the application runs unheld`;
    this.#giveUp(entry, "ENGINE_REFUSED", message);
    await this.#parts.record.forget(entry.containerId).catch(() => undefined);
    this.#parts.onChanged([entry.containerId]);
  }

  #giveUp(entry: Entry, code: string, message: string): void {
    entry.state = "given-up";
    entry.problem = { subject: entry.containerName, code, message };
    this.#parts.log.error(message, { container: entry.containerName, code });
  }
}

function asksForHold(labels: StartEvent["labels"]): boolean {
  return parseLabels(labels).labels?.hold === true;
}
