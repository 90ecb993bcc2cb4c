// The help of `docker mesh` itself, in the form of Docker's own.
import { renderVerbs } from "./render-verbs.ts";
import { VERBS } from "./verbs.ts";

/** What `docker mesh`, `docker mesh --help` and `docker help mesh` print. */
export function renderHelp(): string {
  return `Usage:  docker mesh COMMAND

A service mesh for Docker Compose and Docker Swarm

Commands:
${renderVerbs(VERBS)}

Run 'docker mesh COMMAND --help' for more information on a command.
`;
}
