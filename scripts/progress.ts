// What a person sees while the set-up works: one line a step, with a sign of life in between.
// Goes to standard error, so that standard output holds results alone.

const HEARTBEAT_MS = 10_000;
const FRAME_MS = 1_000;

export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Reports the step that is under way. */
export interface Step {
  /** Says what the step is doing now. */
  note(text: string): void;
}

/** Prints steps as they begin, go on and end. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #now: () => number;

  constructor(terminal: Terminal = process.stderr, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#now = now;
  }

  /** Does the work under a title; `outcome` words what it gave. A failure is marked and thrown on. */
  async step<T>(
    title: string,
    work: (step: Step) => Promise<T>,
    outcome: (value: T) => string = () => "",
  ): Promise<T> {
    const started = this.#now();
    const live = this.#terminal.isTTY === true;
    let current = title;
    const show = (): void => {
      const seconds = formatSeconds(this.#now() - started);
      this.#terminal.write(
        live ? `\r\x1b[2K  … ${current}${seconds}` : `  … ${current}${seconds}\n`,
      );
    };
    const timer = setInterval(show, live ? FRAME_MS : HEARTBEAT_MS);
    this.#terminal.write(live ? `  … ${title}` : `  … ${title}\n`);
    const note = (text: string): void => {
      current = `${title}: ${text}`;
      if (live) show();
    };
    try {
      const value = await work({ note });
      this.#end("✓", title, outcome(value), started, live);
      return value;
    } catch (error) {
      this.#end("✗", title, "", started, live);
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  /** Something worth knowing that is not a step. */
  say(text: string): void {
    this.#terminal.write(`  ${text}\n`);
  }

  #end(mark: string, title: string, detail: string, started: number, live: boolean): void {
    const text = detail === "" ? title : `${title}: ${detail}`;
    const seconds = formatSeconds(this.#now() - started);
    this.#terminal.write(`${live ? "\r\x1b[2K" : ""}  ${mark} ${text}${seconds}\n`);
  }
}

/** ` (3.2 s)`; nothing for less than a tenth of a second. */
export function formatSeconds(milliseconds: number): string {
  return milliseconds < 100 ? "" : ` (${(milliseconds / 1000).toFixed(1)} s)`;
}
