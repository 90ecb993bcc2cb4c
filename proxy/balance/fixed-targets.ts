// Targets that are tried in a fixed order: the own application, which is the only one of its kind.
import type { Target, Targets } from "../http/plan.ts";
import type { Destination } from "../http/streams.ts";
import type { Rotation } from "./round-robin.ts";

export class FixedTargets implements Targets {
  readonly #targets: readonly Target[];

  readonly #rotation: Rotation | undefined;

  constructor(destinations: readonly Destination[], rotation?: Rotation) {
    this.#rotation = rotation;
    this.#targets = destinations.map((destination) => new FixedTarget(destination));
  }

  next(_key: number, tried: readonly Target[]): Target | undefined {
    const { length } = this.#targets;
    if (tried.length >= length) return undefined;
    const rotation = this.#rotation;
    if (rotation === undefined) return this.#targets[tried.length];
    if (tried.length === 0) rotation.position += 1;
    return this.#targets[(rotation.position + tried.length) % length];
  }
}

/** What comes of its tries concerns nobody: there is no other to prefer. */
class FixedTarget implements Target {
  readonly id: string;
  readonly destination: Destination;

  constructor(destination: Destination) {
    this.id = destination.key;
    this.destination = destination;
  }

  begin(): void {}
  answered(): void {}
  failed(): void {}
  ended(): void {}
}
