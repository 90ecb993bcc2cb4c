// `docker mesh status`: asks the agent of the engine's node.

import { resolveEngineAddress } from "../docker/engine-address.ts";
import { connectEngine } from "../docker/engine-connection.ts";
import { printEngineHost } from "../docker/engine-host.ts";
import { askAgent } from "./ask-agent.ts";
import type { Command, CommandContext } from "./command.ts";
import { type Flag, parseFlags, UsageError } from "./flags.ts";
import { readStatus } from "./read-status.ts";
import { renderStatus } from "./render-status.ts";

const FLAGS: readonly Flag[] = [{ name: "format", kind: "text" }];

export const status: Command = {
  help: `Usage:  docker mesh status [OPTIONS]

Show services, workloads, sidecars and problems of this node

Options:
      --format string   Format of the output: "table" or "json" (default "table")
`,
  run: runStatus,
};

async function runStatus(args: readonly string[], context: CommandContext): Promise<void> {
  const { values, rest } = parseFlags(args, FLAGS);
  if (rest.length > 0) throw new UsageError('"docker mesh status" accepts no arguments');
  const format = values.get("format") ?? "table";
  if (format !== "table" && format !== "json") {
    throw new UsageError(
      `invalid argument ${JSON.stringify(format)} for --format: expected table or json`,
    );
  }
  const address = await resolveEngineAddress(context.engine, context.environment);
  const engine = { docker: connectEngine(address), shown: printEngineHost(address.host) };
  const answer = readStatus(await askAgent(engine, "/v1/status", context.signal));
  context.print(
    format === "json" ? `${JSON.stringify(answer)}\n` : renderStatus(answer, Date.now()),
  );
}
