// The log of a container without a terminal, as the engine keeps it, line by line.
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { type AskedEngine, inTime } from "./ask-agent.ts";
import { readExecChunks } from "./exec-output.ts";

export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** `all`, or a number of lines. */
  readonly tail: string;
  /** Seconds since 1970. */
  readonly since: number | undefined;
  readonly until: number | undefined;
}

export interface OpenLog extends AsyncDisposable {
  readonly stream: Readable;
}

/** A line that is longer is shown in pieces, characters. */
const LONGEST_LINE = 64 * 1024;

interface Dialler {
  dial(call: object, done: (error: Error | null, stream: Readable | undefined) => void): void;
}

/** Ends with the container's log, or when the signal aborts. Throws ENGINE_UNAVAILABLE or ENGINE_REFUSED. */
export async function openLog(
  engine: AskedEngine,
  containerId: string,
  { since, until, ...options }: LogOptions,
  signal: AbortSignal,
): Promise<OpenLog> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signal.addEventListener("abort", end, { once: true });
  const call = {
    ...{ path: `/containers/${containerId}/logs?`, method: "GET", isStream: true },
    options: { ...options, stdout: true, stderr: true, since: since ?? 0, until: until ?? 0 },
    statusCodes: { 200: true, 404: "no such container", 500: "server error" },
    abortSignal: ending.signal,
  };
  const opened = Promise.withResolvers<Readable>();
  // The library's own method reads all of a log into memory that is not followed.
  (engine.docker.modem as Dialler).dial(call, (error, stream) => {
    if (stream === undefined) opened.reject(error);
    else opened.resolve(stream);
  });
  const stream = await inTime(engine, signal, async (limited) => {
    limited.addEventListener("abort", end, { once: true });
    return await opened.promise.finally(() => limited.removeEventListener("abort", end));
  });
  const close = async (): Promise<void> => {
    signal.removeEventListener("abort", end);
    stream.destroy();
  };
  return { stream, [Symbol.asyncDispose]: close };
}

/** Both outputs of the container, in the order in which the engine got them. */
export async function* readLogLines(stream: Readable): AsyncGenerator<string, void, undefined> {
  const outputs = [new StringDecoder("utf8"), new StringDecoder("utf8")] as const;
  const rests = ["", ""];
  for await (const { isError, bytes } of readExecChunks(stream)) {
    const which = Number(isError);
    const lines = `${rests[which]}${outputs[isError ? 1 : 0].write(bytes)}`.split("\n");
    rests[which] = lines.pop() ?? "";
    yield* lines;
    if ((rests[which] ?? "").length < LONGEST_LINE) continue;
    yield rests[which] ?? "";
    rests[which] = "";
  }
  yield* rests.filter((rest) => rest !== "");
}
