// Looking at the engine as passes do it: a look that fails is a problem for people, and is repeated soon.
import type { Clock } from "../../mesh/clock.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";
import type { Log } from "../../mesh/log.ts";
import type { Problem } from "../status.ts";
import type { Observer } from "./observer.ts";

/** After a look that failed, the next one, ms. */
const RETRY_LOOK = 1_000;

export interface EngineLookParts {
  readonly observer: Observer;
  /** Asks for a pass, which looks again. */
  readonly trigger: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

export class EngineLook {
  readonly #parts: EngineLookParts;
  #problem: Problem | undefined;
  #complete = false;
  #retrying = false;

  constructor(parts: EngineLookParts) {
    this.#parts = parts;
  }

  /** Whether all containers have been seen at least once. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Why the last look failed. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Brings the observer up to date, or leaves it as it was. */
  async refresh(signal: AbortSignal): Promise<void> {
    try {
      await this.#parts.observer.refresh(signal);
      this.#problem = undefined;
      this.#complete = true;
    } catch (error) {
      if (signal.aborted) return;
      this.#note(error);
      void this.#retry(signal);
    }
  }

  #note(error: unknown): void {
    const code = error instanceof MeshError ? error.code : "ENGINE_UNAVAILABLE";
    const message = describeError(error);
    if (this.#problem?.message !== message)
      this.#parts.log.warn("could not look at the engine's containers", { error: message });
    this.#problem = { subject: "engine", code, message };
  }

  /** One at a time: passes have other causes too, and each that fails would otherwise beget one more for ever. */
  async #retry(signal: AbortSignal): Promise<void> {
    if (this.#retrying) return;
    this.#retrying = true;
    await this.#parts.clock.sleep(RETRY_LOOK, signal).catch(() => undefined);
    this.#retrying = false;
    this.#parts.trigger();
  }
}
