// `docker mesh policy edit`: the document in the user's own editor. What was typed is never lost: a draft that is refused
// stays where it is, and the message says where.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MeshError } from "../../mesh/errors.ts";
import type { Environment } from "../docker/engine-address.ts";
import type { ShownPolicy } from "../policy/policy-desk.ts";
import type { Command, CommandContext } from "./command.ts";
import { parseAllFlags, UsageError } from "./flags.ts";
import { PolicyClient } from "./policy-client.ts";
import { parseFields } from "./policy-file.ts";
import { describeWritten } from "./policy-set.ts";
import { Refused } from "./refused.ts";

export const policyEdit: Command = {
  help: `Usage:  docker mesh policy edit [OPTIONS] SERVICE

Edit a service's policy, as JSON, in the editor that VISUAL or EDITOR names

Options:
      --create   Also when no service of that name is known
`,
  run: runEdit,
};

async function runEdit(args: readonly string[], context: CommandContext): Promise<void> {
  const { values, rest } = parseAllFlags(args, [{ name: "create", kind: "switch" }]);
  const [service, ...others] = rest;
  if (service === undefined || others.length > 0) {
    throw new UsageError('"docker mesh policy edit" requires exactly one argument, a service');
  }
  const create = values.get("create") === "true";
  const client = await PolicyClient.open(context);
  const policy = await client.policy(service, create);
  const directory = await mkdtemp(join(tmpdir(), "docker-mesh-"));
  const draft = join(directory, `${policy.service === "*" ? "mesh" : policy.service}.json`);
  await writeFile(draft, `${JSON.stringify(policy.document, undefined, 2)}\n`, { mode: 0o600 });
  const written = await keepingDraft(draft, async () => {
    await openEditor(draft, context.environment);
    const fields = parseFields(await readFile(draft, "utf8"), "the draft");
    const document = Object.fromEntries(fields);
    return await client.replace(policy.service, { expected: policy.version, document, create });
  });
  await rm(directory, { recursive: true });
  context.print(describeWritten(policy, written));
}

async function keepingDraft(
  draft: string,
  write: () => Promise<ShownPolicy>,
): Promise<ShownPolicy> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    const lines = error instanceof Refused ? error.lines : [error.message];
    throw new Refused(error.code, [...lines, `the draft is kept in ${draft}`]);
  }
}

/** Throws CONFIGURATION_INVALID when the editor cannot be started or ends with anything but success. */
async function openEditor(path: string, environment: Environment): Promise<void> {
  const editor = environment["VISUAL"] || environment["EDITOR"] || "vi";
  const ended = Promise.withResolvers<string | undefined>();
  // By way of a shell, as other programs do it: the variable may hold arguments.
  const child = spawn("/bin/sh", ["-c", `${editor} "$1"`, editor, path], { stdio: "inherit" });
  child.once("error", (error) => ended.resolve(error.message));
  child.once("close", (code, signal) =>
    ended.resolve(code === 0 ? undefined : `it ended with ${signal ?? `exit code ${code}`}`),
  );
  const problem = await ended.promise;
  if (problem === undefined) return;
  throw new MeshError(
    "CONFIGURATION_INVALID",
    `the editor ${JSON.stringify(editor)} failed: ${problem}`,
  );
}
