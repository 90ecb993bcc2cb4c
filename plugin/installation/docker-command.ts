// The docker command as a child process, for what is Compose's business. It talks to the same engine as we do.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { MeshError } from "../../mesh/errors.ts";
import type { EngineFlags, Environment } from "../docker/engine-address.ts";
import { isOutside, runOutside } from "./docker-outside.ts";

export interface DockerCall {
  readonly engine: EngineFlags;
  readonly arguments: readonly string[];
  readonly environment: Environment;
  readonly input?: string;
  /** Gets each line of standard error; where it is undefined the user's own terminal gets them as they are. */
  readonly onLine?: ((line: string) => void) | undefined;
}

export interface DockerEnd {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly output: string;
}

/** Runs `docker …` to its end, whatever its exit code. Throws CONFIGURATION_INVALID where there is no such command. */
export async function runDocker(call: DockerCall, signal: AbortSignal): Promise<DockerEnd> {
  const { engine, environment, input, onLine } = call;
  signal.throwIfAborted();
  if (isOutside(environment)) {
    const outside = { arguments: call.arguments, environment, input: input ?? "", onLine };
    const end = await runOutside(outside);
    signal.throwIfAborted();
    return end;
  }
  const child = spawn("docker", [...engineArguments(engine), ...call.arguments], {
    stdio: ["pipe", "pipe", onLine === undefined ? "inherit" : "pipe"],
    env: { ...environment },
  }) as ChildProcessByStdio<Writable, Readable, Readable | null>;
  // SIGINT, not SIGTERM: Compose then stops what it is doing, rather than leave it half done.
  const interrupt = (): void => void child.kill("SIGINT");
  signal.addEventListener("abort", interrupt, { once: true });
  const ended = Promise.withResolvers<number | null>();
  child.once("close", (code) => ended.resolve(code)).once("error", ended.reject);
  // It may end before it has read everything; its exit code tells the story.
  child.stdin.on("error", () => undefined).end(input);
  try {
    const [code, output] = await Promise.all([
      ended.promise,
      text(child.stdout),
      child.stderr === null || onLine === undefined ? undefined : eachLine(child.stderr, onLine),
    ]);
    signal.throwIfAborted();
    return { code, output };
  } catch (cause) {
    signal.throwIfAborted();
    const message = "expected the docker command in PATH: install Docker's command line";
    throw new MeshError("CONFIGURATION_INVALID", message, { cause });
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}

async function eachLine(stream: Readable, onLine: (line: string) => void): Promise<void> {
  let begun = "";
  for await (const piece of stream.setEncoding("utf8") as AsyncIterable<string>) {
    const lines = `${begun}${piece}`.split(/\r?\n/);
    begun = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") onLine(line.trim());
  }
  if (begun.trim() !== "") onLine(begun.trim());
}

/** Docker's global flags that lead to the engine these flags lead to. */
export function engineArguments(flags: EngineFlags): readonly string[] {
  const texts: readonly (readonly [string, string | undefined])[] = [
    ["--config", flags.config],
    ["--context", flags.context],
    ["--host", flags.host],
    ["--tlscacert", flags.tlsCaCertificate],
    ["--tlscert", flags.tlsCertificate],
    ["--tlskey", flags.tlsKey],
  ];
  const switches: readonly (readonly [string, boolean | undefined])[] = [
    ["--tls", flags.tls],
    ["--tlsverify", flags.tlsVerify],
  ];
  return [...texts, ...switches].flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
}
