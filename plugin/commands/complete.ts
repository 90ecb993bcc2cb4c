// Answers Docker's shell completion (cobra's protocol): candidates line by line, each with a description behind a tab,
// then a colon and what the shell shall do.
import { VERBS } from "./verbs.ts";

/** Do not fall back to file names. */
const NO_FILES = 4;

const STATUS_FLAGS = ["--format\tFormat of the output", "--help\tShow help"];

/** Completions of the last of the arguments, which follow `docker mesh`; it may be empty. */
export function complete(args: readonly string[]): string {
  const typed = args.at(-1) ?? "";
  const matching = candidates(args.slice(0, -1)).filter((candidate) => candidate.startsWith(typed));
  return [...matching, `:${NO_FILES}`, ""].join("\n");
}

function candidates(before: readonly string[]): readonly string[] {
  if (before.length === 0) {
    return VERBS.flatMap(({ name, summary }) =>
      summary === undefined ? [] : [`${name}\t${summary}`],
    );
  }
  if (before[0] !== "status") return [];
  return before.at(-1) === "--format" ? ["json", "table"] : STATUS_FLAGS;
}
