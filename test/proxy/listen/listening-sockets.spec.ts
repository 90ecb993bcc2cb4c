import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, it } from "mocha";
import {
  overlaps,
  parseListening,
  readListening,
} from "../../../proxy/listen/listening-sockets.ts";
import { freePort } from "../../helpers/free-port.ts";

const LIST = `\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:5208 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1067 1 0000000034f4bc44 100 0 0 10 0
   1: 0302417F:9F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1068 1 0000000034f4bc45 100 0 0 10 0
   2: 0100007F:ECFE 0100007F:5265 06 00000000:00000000 03:00000190 00000000     0        0 0 3 00000000d9e1af7b
`;

describe("the sockets that listen in a namespace", () => {
  it("are the first lines of the kernel's list", () => {
    assert.deepEqual(parseListening(LIST), [
      { address: "0.0.0.0", port: 21_000 },
      { address: "127.65.2.3", port: 40_848 },
    ]);
  });

  it("are none where the list is empty", () => {
    assert.deepEqual(parseListening(""), []);
  });

  it("are found while they listen", async () => {
    const port = await freePort("127.64.0.33");
    const isListed = (): boolean =>
      readListening().some((socket) => socket.address === "127.64.0.33" && socket.port === port);
    const server = createServer().listen(port, "127.64.0.33");
    await once(server, "listening");
    assert.equal(isListed(), true);
    server.close();
    await once(server, "close");
    assert.equal(isListed(), false);
  });

  for (const [ours, theirs, expected] of [
    ["127.64.0.1:1", "127.64.0.1:1", true],
    ["127.64.0.1:1", "127.64.0.1:2", false],
    ["127.64.0.1:1", "127.64.0.2:1", false],
    ["0.0.0.0:1", "198.18.0.2:1", true],
    ["127.64.0.1:1", "0.0.0.0:1", false],
  ] as const) {
    it(`${theirs} ${expected ? "gets" : "does not get"} connections to ours at ${ours}`, () => {
      const [a, b] = [ours, theirs].map((place) => {
        const [address = "", port] = place.split(":");
        return { address, port: Number(port) };
      });
      assert.ok(a && b);
      assert.equal(overlaps(a, b), expected);
    });
  }
});
