// What happens in the world while it is watched: copies on other nodes fail and recover, leave or die, and are followed by
// new ones. Who must hear of each change, and by what it can be told that they have.
import { setTimeout as sleep } from "node:timers/promises";
import { toRegistration } from "../../registry/consul/registration.ts";
import type { ConsulStatus } from "../../registry/consul/types.ts";
import type { ConsulState } from "./consul-state.ts";
import { type Copy, OWN_NODE, type World } from "./world.ts";

const TIMES = { timeToLive: 30_000, deregisterAfter: 600_000 } as const;

/** From an instance's registration until its agent first says that it is well, ms. */
const UNTIL_WELL = 20;

/** How a change shows in the snapshots of those whom it concerns. */
export interface Change {
  readonly kind: "fails" | "recovers" | "leaves" | "dies" | "arrives";
  readonly service: number;
  readonly instanceId: string;
  /** Whether the instance is to be called afterwards. */
  readonly present: boolean;
  /** performance.now() when it was true in Consul. */
  readonly at: number;
}

/** Registers a copy as its agent would, well from its first moment or not. */
export function register(state: ConsulState, world: World, copy: Copy, status: ConsulStatus): void {
  const instance = world.instance(copy);
  const { service, sidecar } = toRegistration(instance, TIMES, status);
  state.register(instance.node, sidecar);
  state.register(instance.node, service);
}

export class Churn {
  readonly #state: ConsulState;
  readonly #world: World;
  readonly #random: () => number;
  readonly #copies: Copy[];
  /** What is not as it should be, oldest first. */
  readonly #down: { readonly place: number; readonly kind: "recovers" | "arrives" }[] = [];

  constructor(state: ConsulState, world: World, random: () => number) {
    this.#state = state;
    this.#world = world;
    this.#random = random;
    this.#copies = [...world.copies()].filter((copy) => world.nodeOf(copy) !== OWN_NODE);
  }

  /** One change; every other one puts right what an earlier one has done, so that the world stays as large as it is. */
  async next(mostDown: number): Promise<Change> {
    const oldest = this.#down.length >= mostDown ? this.#down.shift() : undefined;
    if (oldest !== undefined) return await this.#putRight(oldest.place, oldest.kind);
    let place = Math.floor(this.#random() * this.#copies.length);
    while (this.#down.some((other) => other.place === place))
      place = (place + 1) % this.#copies.length;
    const copy = this.#copies[place] as Copy;
    const luck = this.#random();
    if (luck < 0.5) {
      this.#down.push({ place, kind: "recovers" });
      this.#report(copy, "critical", "the application does not answer");
      return this.#told("fails", copy, false);
    }
    this.#down.push({ place, kind: "arrives" });
    if (luck < 0.9) {
      // Told to stop: it drains first, and is gone before another one comes.
      this.#report(copy, "critical", "draining: stopping");
      return this.#told("leaves", copy, false);
    }
    this.#remove(copy);
    return this.#told("dies", copy, false);
  }

  async #putRight(place: number, kind: "recovers" | "arrives"): Promise<Change> {
    const before = this.#copies[place] as Copy;
    if (kind === "recovers") {
      this.#report(before, "passing", "passing");
      return this.#told("recovers", before, true);
    }
    this.#remove(before);
    const copy = { ...before, generation: before.generation + 1 };
    this.#copies[place] = copy;
    register(this.#state, this.#world, copy, "critical");
    await sleep(UNTIL_WELL);
    this.#report(copy, "passing", "passing");
    return this.#told("arrives", copy, true);
  }

  #remove(copy: Copy): void {
    const id = this.#world.instanceId(copy);
    this.#state.deregister(`${id}-sidecar-proxy`);
    this.#state.deregister(id);
  }

  #report(copy: Copy, status: ConsulStatus, note: string): void {
    const id = this.#world.instanceId(copy);
    for (const check of [`${id}:sidecar`, `${id}:application`])
      this.#state.setCheck(check, status, note);
  }

  #told(kind: Change["kind"], copy: Copy, present: boolean): Change {
    const instanceId = this.#world.instanceId(copy);
    return { kind, service: copy.service, instanceId, present, at: performance.now() };
  }
}
