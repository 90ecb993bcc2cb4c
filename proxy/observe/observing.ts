// Everything in a sidecar that looks at single requests, made and ended together.
import type { Clock } from "../../mesh/clock.ts";
import type { Observation } from "../configuration/observed-request.ts";
import { Observer } from "./observer.ts";
import { Outbox } from "./outbox.ts";
import { RequestLog } from "./request-log.ts";
import { Tracer } from "./tracer.ts";

export class Observing implements Disposable {
  readonly tracer: Tracer = new Tracer();
  readonly outbox: Outbox = new Outbox();
  readonly observer: Observer;
  readonly #log = new RequestLog((count) => this.outbox.dropLines(count));

  /** `service`: whose sidecar this is. */
  constructor(clock: Clock, service: () => string) {
    this.observer = new Observer({
      ...{ outbox: this.outbox, wall: clock.wall, now: clock.monotonic, random: Math.random },
      log: (request) => this.#log.write(service(), request),
    });
  }

  /** What is wanted from now on. */
  follow(observation: Observation | undefined): void {
    this.tracer.enabled = observation?.traces === true;
    this.observer.follow(observation);
  }

  [Symbol.dispose](): void {
    this.#log[Symbol.dispose]();
  }
}
