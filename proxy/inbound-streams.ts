// Byte streams to the own application: which are let in, and which may go on when the configuration has changed.
import type { Caller } from "./authorize/caller.ts";
import { CallerGuard } from "./caller-guard.ts";
import type { Configuration } from "./configuration/configuration.ts";
import type { DataPlane } from "./data-plane.ts";
import type { InFlight } from "./inbound-limits/inbound-limits.ts";
import { countCaller, peerOf } from "./inbound-requests.ts";
import { watchIdle } from "./tcp/idle-watch.ts";
import { tunnel } from "./tcp/tunnel.ts";
import type { Connection } from "./transport/connection.ts";

/** One caller's connection, from the moment it is held to be a byte stream. Disposed of when it is over. */
export class InboundStream implements Disposable {
  readonly #plane: DataPlane;
  readonly #caller: Caller;
  readonly #near: Connection;
  readonly #guard: CallerGuard;
  readonly #held: Disposable;
  readonly #inFlight: InFlight;
  #far: Connection | undefined;
  /** Milliseconds without a byte either way after which it ends; 0: never. */
  readonly #idle: number;

  constructor(plane: DataPlane, configuration: Configuration, caller: Caller, near: Connection) {
    this.#plane = plane;
    this.#caller = caller;
    this.#near = near;
    this.#guard = new CallerGuard(plane, configuration, caller);
    this.#held = plane.drain.hold();
    this.#idle = configuration.inbound.conduct.timeouts.idle;
    this.#inFlight = configuration.inbound.limits.inFlight;
    this.#inFlight.count += 1;
    plane.streams.add(this);
  }

  [Symbol.dispose](): void {
    this.#plane.streams.delete(this);
    this.#inFlight.count -= 1;
    this.#held[Symbol.dispose]();
  }

  /** Dials the application, if the caller may go there. Rejects otherwise, and when it does not accept. */
  async dial(
    dial: (signal: AbortSignal) => Promise<Connection>,
    signal: AbortSignal,
  ): Promise<Connection> {
    if (!this.#guard.admitsStream()) throw new Error("the caller is not let in");
    const far = await dial(signal);
    this.#far = far;
    watchIdle(far, this.#idle, this.#plane.engine.deadlines);
    return far;
  }

  /** What the caller waited for was said: it and the application belong together. */
  joined(): void {
    countCaller(this.#plane, this.#caller);
    this.#follow();
  }

  review(): void {
    const refusal = this.#guard.reviewStream();
    if (refusal?.code === undefined) return;
    this.#plane.counters.countFailure(refusal.code);
    this.#near.reset();
  }

  /** Never rejects. */
  async carry(dial: (signal: AbortSignal) => Promise<Connection>): Promise<void> {
    const { signal, log } = this.#plane;
    countCaller(this.#plane, this.#caller);
    try {
      const far = await this.dial(dial, signal);
      this.#follow();
      await tunnel(this.#near, far);
    } catch (error) {
      log.debug("no way to the application", { error: String(error) });
      this.#near.reset();
    }
  }

  #follow(): void {
    const far = this.#far?.socket;
    if (far !== undefined) this.#plane.traffic.follow("destination", peerOf(this.#caller), "", far);
  }
}
