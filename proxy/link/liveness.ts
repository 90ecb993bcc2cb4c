// Whether a peer that owes answers is still there. TCP alone would say so only after many minutes: a machine or a container
// that is gone answers nothing. An application may take its time; its sidecar answers meanwhile.
import { SILENCE } from "../http/shared-look.ts";
import type { Deadlines, Expiring } from "../transport/deadlines.ts";

/** Milliseconds in which a sidecar that is there has answered a PING: it does nothing that takes longer. */
const ANSWERED_WITHIN = 100;

/** The link whose peer it is. */
export interface Watched {
  ping(): void;
  /** Whether the peer's address still answers. */
  answers(): Promise<boolean>;
  /** It does not. */
  onSilence(): void;
}

export class Liveness implements Expiring {
  deadline: number = Number.POSITIVE_INFINITY;
  readonly #watched: Watched;
  readonly #deadlines: Deadlines;
  #heardAt = 0;
  #pinged = false;
  /** When the first PING was sent of those that were not answered. */
  #unansweredAt: number | undefined;

  constructor(watched: Watched, deadlines: Deadlines) {
    this.#watched = watched;
    this.#deadlines = deadlines;
    deadlines.add(this);
  }

  /** From now on something is waited for: after {@link SILENCE} it is asked for with a PING, which has as long for its answer. */
  watch(): void {
    if (this.deadline !== Number.POSITIVE_INFINITY) return;
    this.#waitAnew();
    this.deadline = this.#heardAt + SILENCE;
  }

  /** A PING is overdue: who is silent for so long may be there, but nobody knows. */
  get doubtful(): boolean {
    const since = this.#unansweredAt;
    return since !== undefined && performance.now() - since >= ANSWERED_WITHIN;
  }

  /** Nothing is waited for. */
  rest(): void {
    this.deadline = Number.POSITIVE_INFINITY;
  }

  /** The peer has said something. */
  heard(): void {
    this.#waitAnew();
    this.#unansweredAt = undefined;
  }

  /** For ever. */
  stop(): void {
    this.rest();
    this.#deadlines.delete(this);
  }

  expired(): void {
    const now = performance.now();
    const quietUntil = this.#heardAt + SILENCE;
    if (now < quietUntil) {
      this.deadline = quietUntil;
    } else if (this.#pinged) {
      void this.#ask();
    } else {
      this.#pinged = true;
      this.#unansweredAt ??= now;
      this.#watched.ping();
      this.deadline = now + SILENCE;
    }
  }

  async #ask(): Promise<void> {
    const heardAt = this.#heardAt;
    // Not resting meanwhile, and not asking twice.
    this.deadline = Number.MAX_VALUE;
    const answers = await this.#watched.answers().catch(() => true);
    if (this.deadline !== Number.MAX_VALUE) return;
    if (!answers && this.#heardAt === heardAt) {
      this.stop();
      this.#watched.onSilence();
    } else {
      this.#waitAnew();
      this.deadline = this.#heardAt + SILENCE;
    }
  }

  #waitAnew(): void {
    this.#heardAt = performance.now();
    this.#pinged = false;
  }
}
