// An answer of the agent's API that does not end, through the engine: line by line, until either side has had enough. As in
// ask-agent.ts the verb `request` runs inside the agent's container; its input stays open for as long as somebody reads here.
import type { Duplex } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { MeshError } from "../../mesh/errors.ts";
import { CALL_VARIABLE, readAnswer } from "./api-call.ts";
import {
  type AgentContainer,
  type AskedEngine,
  findAgent,
  inTime,
  requestCommand,
  unanswered,
} from "./ask-agent.ts";
import { readExecChunks } from "./exec-output.ts";
import { readBody } from "./read-answer.ts";

/** The agent says something every 10 s; without a word for so long, ms, it or the way to it is gone. */
const SILENCE = 30_000;
/** Characters of a line, and of what the verb complains about. */
const LONGEST_LINE = 1024 * 1024;

/**
 * The lines of the answer to a GET, empty ones left out. Throws as `callAgent` does, Refused for what the agent refuses, and
 * AGENT_UNAVAILABLE when the agent ends the answer.
 */
export async function* streamAgent(
  engine: AskedEngine,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const { agent, stream } = await inTime(engine, signal, (limited) => open(engine, path, limited));
  const end = (): void => void stream.destroy();
  signal.addEventListener("abort", end, { once: true });
  try {
    yield* readLines(agent, stream);
    signal.throwIfAborted();
    throw unanswered(agent, "it has ended the stream");
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", end);
    stream.destroy();
  }
}

interface OpenStream {
  readonly agent: AgentContainer;
  readonly stream: Duplex;
}

async function open(
  { docker }: AskedEngine,
  path: string,
  signal: AbortSignal,
): Promise<OpenStream> {
  const agent = await findAgent(docker, signal);
  const exec = await docker.getContainer(agent.id).exec({
    Cmd: requestCommand("--stream"),
    Env: [`${CALL_VARIABLE}=${JSON.stringify({ method: "GET", path })}`],
    ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true },
    abortSignal: signal,
  });
  // Of its own: the time limit is one for the beginning, not for the stream.
  const beginning = new AbortController();
  const giveUp = (): void => beginning.abort(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    const stream = await exec.start({
      ...{ hijack: true, stdin: true },
      abortSignal: beginning.signal,
    });
    return { agent, stream };
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

async function* readLines(
  agent: AgentContainer,
  stream: Duplex,
): AsyncGenerator<string, void, undefined> {
  let complaint = "";
  let head: string | undefined;
  for await (const line of splitLines(stream, (text) => {
    complaint = `${complaint}${text}`.slice(0, LONGEST_LINE);
  })) {
    if (head !== undefined) {
      if (line !== "") yield line;
      continue;
    }
    head = line;
    const answer = readAnswer(line);
    // Throws what a refusal says; a success has no body in its head.
    if (answer.status < 200 || answer.status > 299) readBody(answer);
  }
  if (complaint !== "" || head === undefined)
    throw unanswered(agent, complaint.trim() || "no answer");
}

async function* splitLines(
  stream: Duplex,
  complain: (text: string) => void,
): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const silence = setTimeout(() => stream.destroy(silent()), SILENCE);
  try {
    for await (const { isError, bytes } of readExecChunks(stream)) {
      silence.refresh();
      if (isError) complain(bytes.toString("utf8"));
      else rest += decoder.write(bytes);
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > LONGEST_LINE) throw tooLong();
      yield* lines;
    }
  } finally {
    clearTimeout(silence);
  }
}

function silent(): MeshError {
  const seconds = SILENCE / 1_000;
  return new MeshError(
    "TIMEOUT",
    `expected a sign of life from the agent, got none for ${seconds} s`,
  );
}

function tooLong(): MeshError {
  const message = `expected lines of at most ${LONGEST_LINE} characters from the agent`;
  return new MeshError("AGENT_UNAVAILABLE", message);
}
