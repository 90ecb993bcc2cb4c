// An engine in memory for the agent's tests: containers can be created, started, paused, waited for and removed, everything is
// written down, and single calls can be made to fail or to wait.
import { type ErrorCode, MeshError } from "../../mesh/errors.ts";
import { readSidecarFacts } from "../../plugin/docker/container-facts.ts";
import type { Inspected } from "../../plugin/docker/engine.ts";
import type { ApplyContext } from "../../plugin/reconcile/apply.ts";
import type { Inspector } from "../../plugin/reconcile/observer.ts";

type Specification = Parameters<ApplyContext["engine"]["create"]>[0];

interface Made {
  readonly specification: Specification;
  readonly id: string;
  readonly createdAt: string;
  running: boolean;
}

export class ScriptedEngine implements Inspector {
  /** The user's containers, by id. */
  readonly containers: Map<string, Inspected> = new Map();
  /** What was done, in order, such as `create shop-orders-1.mesh-…`. */
  readonly calls: string[] = [];
  /** What `nft` ends with. */
  exit: { code: number; output: string } = { code: 0, output: "" };
  /** What sidecars printed last. */
  printed = "";
  /** How often each container was started again. */
  restarted = 0;
  /** What explicit sidecars have printed of their tokens, by container id. */
  readonly introductions: Map<string, string> = new Map();
  readonly #made = new Map<string, Made>();
  readonly #failures = new Map<string, MeshError>();
  readonly #holds = new Map<string, Promise<void>>();
  #created = 0;
  /** Inspections that have begun and are not over. */
  waiting = 0;

  /** Lets every call of that kind fail, as the engine or the network would. */
  fail(kind: string, message: string, code: ErrorCode = "ENGINE_REFUSED"): void {
    this.#failures.set(kind, new MeshError(code, message));
  }

  heal(): void {
    this.#failures.clear();
  }

  /** Lets calls of that kind, or for that container alone, wait until the promise resolves. */
  hold(call: string, until: Promise<void>): void {
    this.#holds.set(call, until);
  }

  /** Sidecars and init containers that exist now. */
  get made(): readonly Made[] {
    return [...this.#made.values()];
  }

  put(...entries: Inspected[]): void {
    for (const entry of entries) this.containers.set(entry.facts.id, entry);
  }

  async list(): Promise<string[]> {
    await this.#call("list", "all");
    return [...this.containers.keys(), ...this.#made.keys()];
  }

  async inspect(id: string): Promise<Inspected | undefined> {
    const made = this.#made.get(id);
    const answer = made === undefined ? this.containers.get(id) : inspectedOf(made);
    this.waiting += 1;
    await this.#holds.get(`inspect ${id}`);
    this.waiting -= 1;
    return answer;
  }

  async introduction(id: string): Promise<string> {
    return this.introductions.get(id) ?? "";
  }

  async create(specification: Specification): Promise<string> {
    await this.#call("create", specification.name ?? "");
    this.#created += 1;
    const id = `made-${this.#created}`;
    const createdAt = `2026-03-01T10:00:00.${String(this.#created).padStart(9, "0")}Z`;
    this.#made.set(id, { id, specification, createdAt, running: false });
    return id;
  }

  async start(id: string, signal: AbortSignal): Promise<void> {
    await this.#call("start", id);
    signal.throwIfAborted();
    const made = this.#made.get(id);
    if (made !== undefined) made.running = true;
  }

  /** Of the user's containers only. */
  async pause(id: string): Promise<boolean> {
    await this.#call("pause", id);
    if (this.isPaused(id) !== false) return false;
    this.#setPaused(id, true);
    return true;
  }

  async unpause(id: string): Promise<void> {
    await this.#call("unpause", id);
    this.#setPaused(id, false);
  }

  /** Undefined when there is no such container. */
  isPaused(id: string): boolean | undefined {
    const entry = this.containers.get(id);
    return entry?.kind === "container" ? entry.facts.paused : undefined;
  }

  async waitForExit(id: string): Promise<{ code: number; output: string }> {
    await this.#call("wait", id);
    return this.exit;
  }

  async signal(id: string, name: string): Promise<void> {
    await this.#call("signal", `${id} ${name}`);
  }

  async stop(id: string, seconds: number): Promise<void> {
    await this.#call("stop", `${id} within ${seconds} s`);
    const made = this.#made.get(id);
    if (made !== undefined) made.running = false;
  }

  async lastLines(): Promise<string> {
    return this.printed;
  }

  async restarts(): Promise<number> {
    return this.restarted;
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#call("remove", id);
    this.#made.delete(id);
  }

  #setPaused(id: string, paused: boolean): void {
    const entry = this.containers.get(id);
    if (entry?.kind === "container")
      this.put({ kind: "container", facts: { ...entry.facts, paused } });
  }

  async #call(kind: string, subject: string): Promise<void> {
    this.calls.push(`${kind} ${subject.replace(/-[0-9a-f]{6}$/, "-…")}`);
    await this.#holds.get(kind);
    const failure = this.#failures.get(kind);
    if (failure !== undefined) throw failure;
  }
}

function inspectedOf({ id, specification, createdAt, running }: Made): Inspected {
  const { name, Labels, Env } = specification;
  const inspected = {
    Id: id,
    Name: `/${name}`,
    Created: createdAt,
    Config: { Labels, Env },
    State: { Running: running, Restarting: false },
  };
  return {
    kind: "sidecar",
    facts: readSidecarFacts(inspected as unknown as Parameters<typeof readSidecarFacts>[0]),
  };
}
