// `docker mesh version`. The agent's own version stands in `docker mesh status`.
import { AGENT_VERSION } from "../version.ts";
import type { Command } from "./command.ts";
import { parseFlags, UsageError } from "./flags.ts";

export const version: Command = {
  help: `Usage:  docker mesh version

Show the version of this command
`,
  run: async (args, { print }) => {
    const { rest } = parseFlags(args, []);
    if (rest.length > 0) throw new UsageError('"docker mesh version" accepts no arguments');
    print(`docker mesh version ${AGENT_VERSION}\n`);
  },
};
