import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { describe, it } from "mocha";
import { freePort } from "./free-port.ts";

describe("ports for listeners of tests", () => {
  it("are different ones each time, though nobody listens on them yet", async () => {
    const ports = new Set<number>();
    for (let asked = 0; asked < 200; asked += 1) ports.add(await freePort());
    assert.equal(ports.size, 200);
  });

  it("are different ones when many ask at once", async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, async () => await freePort()));
    assert.equal(new Set(ports).size, ports.length);
  });

  it("are none that an outgoing connection can take meanwhile", async () => {
    const range = await readFile("/proc/sys/net/ipv4/ip_local_port_range", "latin1");
    const lowest = Number(range.trim().split(/\s+/)[0]);
    const port = await freePort();
    assert.ok(port < lowest, `${port} is below ${lowest}`);
  });

  it("are none that somebody listens on", async () => {
    const next = (await freePort()) + 1;
    const server = createServer().listen(next, "127.0.0.1");
    await once(server, "listening");
    try {
      assert.equal((server.address() as AddressInfo).port, next);
      assert.notEqual(await freePort(), next);
    } finally {
      server.close();
    }
  });
});
