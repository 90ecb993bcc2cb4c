// Lines of the agent's stream, however they are cut into pieces on the way.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, it } from "mocha";
import { readSnapshotLines } from "../../proxy/configuration/agent-channel.ts";

describe("the agent's stream", () => {
  let used: AsyncDisposableStack;
  beforeEach(() => {
    used = new AsyncDisposableStack();
  });
  afterEach(() => used.disposeAsync());

  /** The lines that come of these pieces, and how the stream ends. */
  async function read(
    pieces: readonly Buffer[],
    end: (response: ServerResponse) => void,
  ): Promise<{ lines: string[]; error: unknown }> {
    const directory = await mkdtemp(join(tmpdir(), "mesh-channel-"));
    used.defer(() => rm(directory, { recursive: true }));
    const socket = join(directory, "agent.sock");
    const server = createServer(async (_, response) => {
      response.writeHead(200).flushHeaders();
      for (const piece of pieces) {
        response.write(piece);
        await turn();
      }
      end(response);
    });
    used.use(server);
    server.listen(socket);
    await once(server, "listening");
    const lines: string[] = [];
    let error: unknown;
    try {
      for await (const line of readSnapshotLines(
        { socket, token: "token" },
        AbortSignal.timeout(5_000),
      ))
        lines.push(line);
    } catch (cause) {
      error = cause;
    }
    return { lines, error };
  }

  const text = Buffer.from('{"note":"häng"}\n\n{"b":2}\n{"c":3}\n');
  const bytes = Array.from(text, (byte) => Buffer.from([byte]));
  for (const [what, pieces] of [
    ["at once", [text]],
    ["byte by byte, in the middle of characters too", bytes],
    ["with half a line at the end, which is none", [text, Buffer.from('{"d":')]],
  ] as const) {
    for (const [how, end] of [
      ["ended", (response: ServerResponse) => void response.end()],
      ["cut off", (response: ServerResponse) => void response.destroy()],
    ] as const) {
      it(`that comes ${what} and is ${how} is its lines, and an agent that is away`, async () => {
        const { lines, error } = await read(pieces, end);
        assert.equal((error as { code?: string }).code, "AGENT_UNAVAILABLE");
        const whole = ['{"note":"häng"}', '{"b":2}', '{"c":3}'];
        // What was on its way when the connection was cut may be lost, but only from the end.
        assert.deepEqual(lines, how === "ended" ? whole : whole.slice(0, lines.length));
      });
    }
  }

  for (const [status, introduced] of [
    [401, 1],
    [503, 0],
  ] as const) {
    it(`makes a sidecar introduce itself ${introduced === 1 ? "" : "not "}when the answer is ${status}`, async () => {
      const directory = await mkdtemp(join(tmpdir(), "mesh-channel-"));
      used.defer(() => rm(directory, { recursive: true }));
      const socket = join(directory, "agent.sock");
      const server = createServer((_, response) => response.writeHead(status).end());
      used.use(server);
      server.listen(socket);
      await once(server, "listening");
      let count = 0;
      const introduce = (): void => {
        count += 1;
      };
      const lines = readSnapshotLines(
        { socket, token: "made up", introduce },
        AbortSignal.timeout(5_000),
      );
      await assert.rejects(lines.next(), { code: "AGENT_UNAVAILABLE" });
      assert.equal(count, introduced);
    });
  }
});
