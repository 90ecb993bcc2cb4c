// The list of verbs in a help text.
import type { Verb } from "./command.ts";

/** A line for each verb that is listed. */
export function renderVerbs(verbs: readonly Verb[]): string {
  const listed = verbs.filter(({ summary }) => summary !== undefined);
  const width = Math.max(...listed.map(({ name }) => name.length));
  return listed.map(({ name, summary }) => `  ${name.padEnd(width)}   ${summary}`).join("\n");
}
