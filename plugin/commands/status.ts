// `docker mesh status`: asks the agent of the engine's node.
import { askAgent, chooseEngine } from "./ask-agent.ts";
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseFlags, readFormat, UsageError } from "./flags.ts";
import { readStatus } from "./read-status.ts";
import { renderStatus } from "./render-status.ts";

export const status: Command = {
  help: `Usage:  docker mesh status [OPTIONS]

Show services, workloads, sidecars and problems of this node

Options:
      --format string   Format of the output: "table" or "json" (default "table")
`,
  run: runStatus,
};

async function runStatus(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseFlags(args, [FORMAT_FLAG]);
  if (flags.rest.length > 0) throw new UsageError('"docker mesh status" accepts no arguments');
  const format = readFormat(flags);
  const engine = await chooseEngine(context);
  const answer = readStatus(await askAgent(engine, "/v1/status", context.signal));
  context.print(
    format === "json" ? `${JSON.stringify(answer)}\n` : renderStatus(answer, Date.now()),
  );
}
