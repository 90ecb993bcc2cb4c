// The written history of a load, read out of its container piece by piece.
import { type AskedRequest, HISTORY_FILE, type History, parseHistory } from "./history.ts";

/** Runs a command in the load's container and gives what it printed. */
export type Execute = (...command: readonly string[]) => Promise<string>;

/** Prints the file from an offset in bytes on, and a last line's end that shows that nothing is missing. */
const READ = `
const fs = require("node:fs");
const [file, from] = process.argv.slice(1);
const text = fs.existsSync(file) ? fs.readFileSync(file).subarray(Number(from)).toString("latin1") : "";
process.stdout.write(text.slice(0, text.lastIndexOf("\\n") + 1) + ".");
`;

export class LoadReader {
  readonly #execute: Execute;
  readonly #requests: AskedRequest[] = [];
  #offset = 0;
  #complete = 0;

  constructor(execute: Execute) {
    this.#execute = execute;
  }

  /** What has been written so far of requests that began at this moment (wall clock, ms) or later. */
  async read(since: number): Promise<History> {
    const text = await this.#execute("node", "-e", READ, HISTORY_FILE, String(this.#offset));
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    const { requests, complete } = parseHistory(whole);
    // It is latin1: a character a byte.
    this.#offset += whole.length;
    for (const request of requests) this.#requests.push(request);
    this.#complete = Math.max(this.#complete, complete);
    const recent = this.#requests.filter(({ begun }) => begun >= since);
    return {
      requests: recent.toSorted((a, b) => a.begun - b.begun),
      complete: this.#complete,
    };
  }
}
