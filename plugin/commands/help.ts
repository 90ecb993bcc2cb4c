// The help of `docker mesh` itself, in the form of Docker's own.
import { VERBS } from "./verbs.ts";

/** What `docker mesh`, `docker mesh --help` and `docker help mesh` print. */
export function renderHelp(): string {
  const listed = VERBS.filter(({ summary }) => summary !== undefined);
  const width = Math.max(...listed.map(({ name }) => name.length));
  const lines = listed.map(({ name, summary }) => `  ${name.padEnd(width)}   ${summary}`);
  return `Usage:  docker mesh COMMAND

A service mesh for Docker Compose and Docker Swarm

Commands:
${lines.join("\n")}

Run 'docker mesh COMMAND --help' for more information on a command.
`;
}
