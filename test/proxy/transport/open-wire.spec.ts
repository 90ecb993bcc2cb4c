// Which way of reading and writing is chosen. The choice is made when the module is loaded, so processes are asked.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, it } from "mocha";

const SCRIPT = `
  import { connect, createServer } from "node:net";
  import { plainConnection } from "./proxy/transport/connection.ts";
  import { openWire } from "./proxy/transport/open-wire.ts";
  const server = createServer((socket) => socket.resume().end()).listen(0, "127.0.0.1", () => {
    const socket = connect(server.address().port, "127.0.0.1", () => {
      const wire = openWire(plainConnection(socket));
      console.log(wire.constructor.name);
      wire.start({ onBytes() {}, onDrain() {}, onEnd: () => wire.end(), onClose: () => server.close() });
    });
  });
`;

/** Standard output and error of a process that opens a wire. */
async function run(
  environment: Readonly<Record<string, string>>,
  script = SCRIPT,
): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, ["--input-type=module-typescript", "-e", script], {
    cwd: new URL("../../..", import.meta.url),
    env: environment,
  });
}

describe("opening a wire", () => {
  it("goes past the socket where it can, without a word", async () => {
    assert.deepEqual(await run({}), { stdout: "HandleWire\n", stderr: "" });
  });

  it("keeps to what is documented when told so", async () => {
    assert.deepEqual(await run({ MESH_IO: "socket" }), { stdout: "SocketWire\n", stderr: "" });
  });

  it("keeps to what is documented when Node hides the rest", async () => {
    const hide = 'process.binding = () => { throw new Error("hidden"); };';
    const late = SCRIPT.replace(
      'import { openWire } from "./proxy/transport/open-wire.ts";',
      `${hide} const { openWire } = await import("./proxy/transport/open-wire.ts");`,
    );
    assert.deepEqual(await run({}, late), { stdout: "SocketWire\n", stderr: "" });
  });
});
