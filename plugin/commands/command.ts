// What a verb of `docker mesh` is.
import type { EngineFlags, Environment } from "../docker/engine-address.ts";

export interface CommandContext {
  /** Which engine to talk to, from Docker's global flags. */
  readonly engine: EngineFlags;
  readonly environment: Environment;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
  /** Writes to standard output. */
  readonly print: (text: string) => void;
  /** All of standard input. */
  readonly readInput: () => Promise<string>;
  /** Whether somebody looks at standard output: colours are for them alone. */
  readonly isTerminal: boolean;
}

export interface Command {
  /** Everything that `--help` prints. */
  readonly help: string;
  /** Throws UsageError for wrong arguments and MeshError for what went wrong. */
  readonly run: (args: readonly string[], context: CommandContext) => Promise<void>;
}

/** A verb that is a group of others, such as `policy get`. */
export interface CommandGroup {
  readonly help: string;
  readonly verbs: readonly Verb[];
}

/** A row in the table of verbs. Loaded when called, so that no verb waits for the libraries of another. */
export interface Verb {
  readonly name: string;
  /** One line for the list of commands; a verb without one is not listed. */
  readonly summary: string | undefined;
  readonly load: () => Promise<Command | CommandGroup>;
}
