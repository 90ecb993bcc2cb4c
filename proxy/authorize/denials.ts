// What was refused, or under audit would have been, for people: a line for each caller and reason at most once a second, with
// how often it happened, since whoever is refused comes back at once.
import type { Clock } from "../../mesh/clock.ts";
import type { Log } from "../../mesh/log.ts";
import type { Counters } from "../counters.ts";

/** Ms between two lines about the same. */
const LOG_INTERVAL = 1_000;
/** Callers and reasons that are told apart. */
const MAX_SUBJECTS = 256;

interface Subject {
  quietUntil: number;
  /** Since the last line. */
  unsaid: number;
}

export class Denials {
  readonly #log: Log;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #subjects = new Map<string, Subject>();
  readonly #counters: Pick<Counters, "auditedDenials">;

  constructor(
    log: Log,
    clock: Pick<Clock, "monotonic">,
    counters: Pick<Counters, "auditedDenials">,
  ) {
    this.#log = log;
    this.#clock = clock;
    this.#counters = counters;
  }

  /** `by`: the rule, the intention, or what is wrong with a token. */
  note(caller: string, by: string, enforced: boolean): void {
    if (!enforced) this.#counters.auditedDenials += 1;
    const times = this.#due(`${enforced} ${by} ${caller}`);
    if (times === 0) return;
    if (enforced) this.#log.info("refused a caller", { caller, by, times });
    else {
      const total = this.#counters.auditedDenials;
      this.#log.info("audit: would have refused a caller", { caller, by, times, total });
    }
  }

  /** A host outside that the own application called in vain. */
  noteOutside(host: string, why: string): void {
    const times = this.#due(`outside ${why} ${host}`);
    if (times > 0) this.#log.warn("refused a call to a host outside", { host, why, times });
  }

  /** How often it has happened since the last line, if a line is due; else 0. */
  #due(name: string): number {
    const now = this.#clock.monotonic();
    const subject = this.#subject(name, now);
    subject.unsaid += 1;
    if (now < subject.quietUntil) return 0;
    const times = subject.unsaid;
    subject.quietUntil = now + LOG_INTERVAL;
    subject.unsaid = 0;
    return times;
  }

  #subject(name: string, now: number): Subject {
    const known = this.#subjects.get(name);
    if (known !== undefined) return known;
    if (this.#subjects.size >= MAX_SUBJECTS) this.#forget(now);
    // Beyond the bound a line is lost rather than written for each request.
    const full = this.#subjects.size >= MAX_SUBJECTS;
    const subject = { quietUntil: full ? Number.POSITIVE_INFINITY : 0, unsaid: 0 };
    if (!full) this.#subjects.set(name, subject);
    return subject;
  }

  #forget(now: number): void {
    for (const [name, { quietUntil }] of this.#subjects) {
      if (quietUntil <= now) this.#subjects.delete(name);
    }
  }
}
