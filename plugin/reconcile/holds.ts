// Pausing applications that are to wait for their sidecar, at the very event of their start, and remembering who stands
// still because of us: a user's own pause is never undone, and what an agent that died has paused is found by the next one.
import type { Clock } from "../../mesh/clock.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";
import type { Log } from "../../mesh/log.ts";
import type { Engine } from "../docker/engine.ts";
import type { EngineEvent, StartEvent } from "../docker/events.ts";
import { parseLabels } from "../labels/parse.ts";
import type { Problem } from "../status.ts";
import type { ContainerRecord } from "./container-record.ts";
import type { Hold } from "./hold.ts";

/** Shorter than the time that Docker gives an agent to stop, ms. */
const LET_GO_LIMIT = 5_000;
/** For the engine to pause a container, ms. The agent's end does not cut it short: whether it was done must be known. */
const PAUSE_LIMIT = 4_000;

export interface HoldsParts {
  readonly engine: Pick<Engine, "pause" | "unpause">;
  /** Container id → `startedBy` of its hold. */
  readonly record: ContainerRecord;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when a container has been paused, before that event arrives. */
  readonly onChanged: (containerIds: readonly string[]) => void;
}

/** Of one container; `pausing`: the engine has been asked, and has not answered. */
interface Entry extends Hold {
  state: "pausing" | "held" | "given-up";
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

  constructor(parts: HoldsParts) {
    this.#parts = parts;
    for (const [containerId, startedBy] of parts.record.known)
      this.#entries.set(
        containerId,
        this.#entry(containerId, containerId, Number(startedBy), "held"),
      );
  }

  /** Takes note of an event: a container that starts and asks for it is paused at once. */
  note(event: EngineEvent): void {
    if (event.kind !== "started" || !asksForHold(event)) return;
    const { containerId, containerName, at } = event;
    const before = this.#entries.get(containerId);
    this.#entries.set(containerId, this.#entry(containerId, containerName, at, "pausing"));
    // The call that is under way then finds a newer start than its own.
    if (before?.state === "pausing") return;
    const pausing = this.#pause(containerId).finally(() => this.#pausing.delete(pausing));
    this.#pausing.add(pausing);
  }

  /** Those about which a look at the engine that begins now tells the truth. */
  get settled(): readonly KnownHold[] {
    return [...this.#entries.values()]
      .filter(({ state }) => state !== "pausing")
      .map(({ containerId, containerName, startedBy, since, state }) => ({
        ...{ containerId, containerName, startedBy, since },
        givenUp: state === "given-up",
      }));
  }

  /** Whether a container that is paused stands still because of us. */
  holds(containerId: string): boolean {
    const state = this.#entries.get(containerId)?.state;
    return state === "pausing" || state === "held";
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

  /** Lets all run: nobody may come after this agent. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#pausing);
    const held = [...this.#entries.values()].filter(({ state }) => state === "held");
    const limit = AbortSignal.timeout(LET_GO_LIMIT);
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

  /** Written down first: an agent that dies before the engine's answer leaves a note that the next one can check. */
  async #pause(containerId: string): Promise<void> {
    const { engine, record } = this.#parts;
    for (;;) {
      const entry = this.#entries.get(containerId);
      if (entry === undefined) return;
      try {
        await record.add(containerId, String(entry.startedBy));
        const paused = await engine.pause(containerId, AbortSignal.timeout(PAUSE_LIMIT));
        const newest = this.#entries.get(containerId) ?? entry;
        if (paused) return await this.#settle(newest, entry);
        if (newest === entry) return await this.forget(entry);
      } catch (error) {
        return await this.#settleFailure(this.#entries.get(containerId) ?? entry, error);
      }
    }
  }

  /** In one go, so that no look at the engine begins in between: what it has not seen paused would be forgotten. */
  #holdOn(entry: Entry): void {
    entry.state = "held";
    this.#parts.onChanged([entry.containerId]);
  }

  async #settle(newest: Entry, written: Entry): Promise<void> {
    this.#holdOn(newest);
    if (newest !== written)
      await this.#parts.record.add(newest.containerId, String(newest.startedBy));
  }

  /** Where no answer came, the pause may have been done: what is paused then counts as ours. */
  async #settleFailure(entry: Entry, error: unknown): Promise<void> {
    if (error instanceof MeshError && error.code === "ENGINE_UNAVAILABLE")
      return this.#holdOn(entry);
    const message = `expected to hold it until its sidecar is ready (mesh.hold), found that ${describeError(error)}; the application runs unheld`;
    this.#giveUp(entry, "ENGINE_REFUSED", message);
    await this.#parts.record.forget(entry.containerId).catch(() => undefined);
  }

  #giveUp(entry: Entry, code: string, message: string): void {
    entry.state = "given-up";
    entry.problem = { subject: entry.containerName, code, message };
    this.#parts.log.error(message, { container: entry.containerName, code });
  }
}

function asksForHold({ labels }: StartEvent): boolean {
  return parseLabels(labels).labels?.hold === true;
}
