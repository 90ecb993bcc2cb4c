// Targets that are tried in the order in which they are given: the own application, which is the only one of its kind.
import type { Target, Targets } from "../http/plan.ts";
import type { Destination } from "../http/streams.ts";

export class FixedTargets implements Targets {
  readonly #targets: readonly Target[];

  constructor(destinations: readonly Destination[]) {
    this.#targets = destinations.map((destination) => new FixedTarget(destination));
  }

  next(_key: number, tried: readonly Target[]): Target | undefined {
    return this.#targets[tried.length];
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
