// `docker mesh inject`: a compose file with its sidecars written into it. Asks no engine.
import { readFile, writeFile } from "node:fs/promises";
import { describeError, MeshError } from "../../mesh/errors.ts";
import { inject as injectInto, takeOut } from "../inject/inject.ts";
import type { Command, CommandContext } from "./command.ts";
import { type Flag, parseAllFlags, UsageError } from "./flags.ts";

const FLAGS: readonly Flag[] = [
  { name: "file", short: "f", kind: "text" },
  { name: "output", short: "o", kind: "text" },
  { name: "remove", kind: "switch" },
];

/** Where Compose looks, in its order. */
const FILES = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"] as const;

export const inject: Command = {
  help: `Usage:  docker mesh inject [OPTIONS] [-]

Write the sidecars of a compose file's labelled services into it, so that the agent creates no containers for them

The file is printed; everything in it that is not about sidecars stays as it is.

  docker mesh inject --output compose.mesh.yaml
  docker compose config | docker mesh inject -

Options:
  -f, --file string     The compose file, "-" for standard input (default "compose.yaml")
  -o, --output string   Write to this file, which may be the same one, instead of printing
      --remove          Take out what an earlier "inject" has put in
`,
  run: runInject,
};

async function runInject(args: readonly string[], context: CommandContext): Promise<void> {
  const { values, rest } = parseAllFlags(args, FLAGS);
  const [last = values.get("file"), ...more] = rest;
  if (more.length > 0 || (rest.length > 0 && last !== "-"))
    throw new UsageError(
      '"docker mesh inject" takes no argument but "-": name the file with --file',
    );
  const text = await readText(last, context);
  const result = values.get("remove") === "true" ? takeOut(text) : injectInto(text);
  const output = values.get("output");
  if (output === undefined || output === "-") return context.print(result);
  try {
    await writeFile(output, result);
  } catch (error) {
    throw new MeshError("CONFIGURATION_INVALID", `cannot write ${output}: ${describeError(error)}`);
  }
}

async function readText(path: string | undefined, context: CommandContext): Promise<string> {
  if (path === "-") return await context.readInput();
  if (path !== undefined) return await read(path);
  for (const candidate of FILES) {
    try {
      return await readFile(candidate, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw unreadable(candidate, error);
    }
  }
  throw new MeshError(
    "CONFIGURATION_INVALID",
    `expected a file ${FILES.join(", ")} in this folder, found none: name one with --file`,
  );
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): MeshError {
  return new MeshError("CONFIGURATION_INVALID", `cannot read ${path}: ${describeError(error)}`);
}
