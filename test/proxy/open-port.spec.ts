// A port is opened by one of two ways: both must do the same, and the usual one must leave out what it is there for.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { promisify } from "node:util";
import { describe, it } from "mocha";
import { openPort } from "../../proxy/listen/open-port.ts";

const PROGRAM = `
import { createServer } from "node:net";
import { openPort } from "./proxy/listen/open-port.ts";
const server = createServer();
await openPort(server, "127.0.0.1", 0);
const again = createServer();
const told = await openPort(again, "127.0.0.1", server.address().port).then(() => "shared", (error) => error.code);
again.close();
const loaded = ["dns", "cluster", "child_process"].filter((name) => process.moduleLoadList.includes("NativeModule " + name));
process.stdout.write([told, ...loaded].join(" "));
server.close();
`;

/** What a process says that opens one port twice: what came of the second time, and which of the modules it has loaded. */
async function run(environment: Readonly<Record<string, string>>): Promise<string> {
  const flags = ["--input-type=module", "--eval", PROGRAM];
  const cwd = new URL("../..", import.meta.url);
  return (await promisify(execFile)(process.execPath, flags, { cwd, env: environment })).stdout;
}

describe("the port of a server", () => {
  it("is open until the server is closed", async () => {
    const server = createServer((socket) => socket.end("hello"));
    await openPort(server, "127.64.0.77", 0);
    const { port, ...rest } = server.address() as AddressInfo;
    assert.deepEqual(rest, { address: "127.64.0.77", family: "IPv4" });
    const socket = connect({ host: "127.64.0.77", port }).setEncoding("utf8");
    assert.deepEqual(await once(socket, "data"), ["hello"]);
    socket.destroy();
    server.close();
    await once(server, "close");
    await assert.rejects(once(connect({ host: "127.64.0.77", port }), "connect"), {
      code: "ECONNREFUSED",
    });
  });

  it("is refused with the system's reason when it cannot be had", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = holder.address() as AddressInfo;
    await assert.rejects(openPort(createServer(), "127.0.0.1", port), {
      message: `listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
      code: "EADDRINUSE",
    });
    holder.close();
    await once(holder, "close");
  });

  it("takes none of Node's modules for DNS and for clusters", async () => {
    assert.equal(await run({}), "shared");
  });

  it("is opened in the documented way where that is wanted", async () => {
    assert.equal(await run({ MESH_IO: "socket" }), "shared dns cluster child_process");
  });
});
