// Services that stand in for one another, in a fixed order.
import type { Target, Targets } from "../http/plan.ts";

/**
 * The first service that has an endpoint gets the request. A try after the first goes to an endpoint that was not tried yet
 * as long as one of the services has one; only then is one tried again.
 */
export class FailoverTargets implements Targets {
  readonly #services: readonly Targets[];

  constructor(services: readonly Targets[]) {
    this.#services = services;
  }

  next(key: number, tried: readonly Target[], repeatable: boolean): Target | undefined {
    let again: Target | undefined;
    for (const service of this.#services) {
      const target = service.next(key, tried, repeatable);
      if (target === undefined) continue;
      if (!tried.includes(target)) return target;
      again ??= target;
    }
    return again;
  }
}
