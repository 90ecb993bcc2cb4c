// A program of this bench in a process of its own, which is told and tells by messages.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { SetupError } from "../../../scripts/command.ts";

const PROGRAMS = join(import.meta.dirname, "programs");

export class Child<Sent extends object, Received extends { readonly kind: string }>
  implements AsyncDisposable
{
  readonly #child: ChildProcess;
  readonly #name: string;

  constructor(name: string, parameters: readonly string[] = []) {
    this.#name = name;
    this.#child = fork(join(PROGRAMS, `${name}.ts`), parameters, { execArgv: [] });
  }

  send(message: Sent): void {
    this.#child.send(message);
  }

  /** The next message, which has to be of that kind. Rejects when the program ends instead, or the signal aborts. */
  async next<Kind extends Received["kind"]>(
    kind: Kind,
    signal?: AbortSignal,
  ): Promise<Extract<Received, { kind: Kind }>> {
    const stop = new AbortController();
    const signals = signal === undefined ? [stop.signal] : [stop.signal, signal];
    const options = { signal: AbortSignal.any(signals) };
    try {
      const [message] = await Promise.race([
        once(this.#child, "message", options),
        once(this.#child, "exit", options).then(([code]) => {
          throw new SetupError(`expected ${this.#name} to tell "${kind}", it exited with ${code}`);
        }),
      ]);
      if (message.kind === kind) return message as Extract<Received, { kind: Kind }>;
      throw new SetupError(`expected ${this.#name} to tell "${kind}", it told "${message.kind}"`);
    } finally {
      stop.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exited;
  }
}
