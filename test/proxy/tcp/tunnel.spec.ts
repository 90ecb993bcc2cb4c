// The tunnel by itself: client ↔ near, far ↔ application. What sidecars make of it is in tunnels.spec.ts.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "mocha";
import { tunnel } from "../../../proxy/tcp/tunnel.ts";
import type { Connection } from "../../../proxy/transport/connection.ts";
import { dialTcp } from "../../../proxy/transport/dial.ts";
import { eventually } from "../../helpers/eventually.ts";
import { Loopback } from "../../helpers/loopback.ts";

const MEGABYTE = 1_048_576;

interface Ends {
  readonly client: Socket;
  readonly near: Connection;
  readonly far: Connection;
  readonly application: Socket;
}

describe("a tunnel", () => {
  let loopback: Loopback;
  beforeEach(async () => {
    loopback = new Loopback();
    await loopback.open();
  });
  afterEach(() => loopback[Symbol.dispose]());

  const ends = async (): Promise<Ends> => {
    const { client, near } = await loopback.connect();
    const accepted = Promise.withResolvers<Socket>();
    const port = await loopback.listen(accepted.resolve);
    const far = await dialTcp("127.0.0.1", port, AbortSignal.timeout(1_000));
    return { client, near, far, application: await accepted.promise };
  };

  it("carries what either side had sent before it was there", async () => {
    const { client, near, far, application } = await ends();
    client.write("early request");
    application.write("early greeting");
    await Promise.all([once(near.socket, "readable"), once(far.socket, "readable")]);
    const over = tunnel(near, far);
    client.end();
    application.end();
    assert.deepEqual(await Promise.all([text(client), text(application)]), [
      "early greeting",
      "early request",
    ]);
    await over;
  });

  it("lets the application speak first, at length", async () => {
    const { client, near, far, application } = await ends();
    const over = tunnel(near, far);
    application.write("220 ready\r\n");
    const [greeting] = await once(client, "data");
    assert.equal(String(greeting), "220 ready\r\n");
    client.write("EHLO a\r\n");
    const [hello] = await once(application, "data");
    assert.equal(String(hello), "EHLO a\r\n");
    client.end();
    application.resume().end();
    client.resume();
    await over;
  });

  it("carries the answer to a client that has said all and ended at once", async () => {
    const { client, near, far, application } = await ends();
    client.end("request");
    const over = tunnel(near, far);
    assert.equal(await text(application), "request");
    assert.ok(!application.writableEnded);
    application.end("answer");
    assert.equal(await text(client), "answer");
    await over;
  });

  it("carries requests to an application that has said all and ended", async () => {
    const { client, near, far, application } = await ends();
    application.end("all I have to say");
    const over = tunnel(near, far);
    assert.equal(await text(client), "all I have to say");
    client.end("noted");
    assert.equal(await text(application), "noted");
    await over;
  });

  it("passes on ends that came before it was there", async () => {
    const { client, near, far, application } = await ends();
    client.end();
    application.end();
    await Promise.all([once(near.socket, "readable"), once(far.socket, "readable")]);
    const over = tunnel(near, far);
    assert.equal((await buffer(client)).length, 0);
    assert.equal((await buffer(application)).length, 0);
    await over;
  });

  for (const from of ["client", "application"] as const) {
    const to = from === "client" ? "application" : "client";

    it(`makes a reset by the ${from} one for the ${to}`, async () => {
      const all = await ends();
      const over = tunnel(all.near, all.far);
      all[from].write("x");
      await once(all[to], "data");
      all[from].resetAndDestroy();
      const [error] = await once(all[to], "error");
      assert.equal(error.code, "ECONNRESET");
      await over;
    });

    it(`makes a reset by the ${from} one for the ${to} that has ended its side`, async () => {
      const all = await ends();
      const over = tunnel(all.near, all.far);
      all[to].end();
      await once(all[from].resume(), "end");
      all[from].write("half an ans");
      await once(all[to], "data");
      all[from].resetAndDestroy();
      const [error] = await once(all[to], "error");
      assert.equal(error.code, "ECONNRESET");
      await over;
    });

    it(`holds the ${from} back while the ${to} does not read, and then carries 100 MB whole`, async () => {
      const all = await ends();
      const { near, far } = all;
      const over = tunnel(near, far);
      const total = 100;
      const chunk = Buffer.alloc(MEGABYTE, "x");
      let sent = 0;
      const pump = (): void => {
        while (sent < total) {
          sent += 1;
          if (!all[from].write(chunk)) return void all[from].once("drain", pump);
        }
        all[from].end();
      };
      pump();
      let before = -1;
      await eventually(
        () => {
          const same = sent === before;
          before = sent;
          assert.ok(same, "still moving");
        },
        { interval: 200 },
      );
      assert.ok(sent < total);
      const held = [near, far].map(({ socket }) => socket.readableLength + socket.writableLength);
      assert.ok(Math.max(...held) < MEGABYTE, `${held}`);
      let received = 0;
      for await (const bytes of all[to]) received += (bytes as Buffer).length;
      assert.equal(received, total * MEGABYTE);
      all[to].end();
      all[from].resume();
      await over;
    }).timeout(10_000);
  }

  it("carries both ways at once", async () => {
    const { client, near, far, application } = await ends();
    const over = tunnel(near, far);
    application.pipe(application);
    const bytes = Buffer.alloc(32 * MEGABYTE, "abc");
    client.end(bytes);
    assert.ok(bytes.equals(await buffer(client)));
    await over;
  });

  for (const gone of ["near", "far"] as const) {
    it(`breaks the other side off when ${gone} is closed in the sidecar`, async () => {
      const all = await ends();
      const over = tunnel(all.near, all.far);
      const other = gone === "near" ? all.application : all.client;
      all[gone].socket.destroy();
      const [error] = await once(other, "error");
      assert.equal(error.code, "ECONNRESET");
      await over;
    });

    it(`breaks the other side off when ${gone} was gone before it began`, async () => {
      const all = await ends();
      all[gone].socket.destroy();
      const over = tunnel(all.near, all.far);
      const other = gone === "near" ? all.application : all.client;
      const [error] = await once(other, "error");
      assert.equal(error.code, "ECONNRESET");
      await over;
    });
  }
});
