// What the mesh itself answers to callers of HTTP/2, and what goes out beside their requests.
import assert from "node:assert/strict";
import type { Server } from "node:http";
import { text } from "node:stream/consumers";
import { failureAnswer, type LocalAnswer } from "../../../proxy/failures.ts";
import { eventually } from "../../helpers/eventually.ts";
import { planFor } from "../../helpers/plans.ts";
import { Http2Application, Http2Client, portOf, startHttp1Application } from "./applications.ts";
import { Hop } from "./hop.ts";

const GET = { ":path": "/", ":authority": "orders:8080" };

describe("a caller of HTTP/2", () => {
  let hop: Hop;
  let client: Http2Client;
  beforeEach(async () => {
    hop = new Hop();
    client = new Http2Client(await hop.listenHttp2());
  });
  afterEach(async () => {
    await client.close();
    await hop.close();
  });

  const answering = (answer: LocalAnswer): void => {
    hop.parts = { before: { gate: undefined, delay: 0, answer } };
  };

  it("sees the fields of an answer of the mesh", async () => {
    const answer = failureAnswer("OVERLOADED", "shop");
    answering(answer);
    const { fields, body } = await client.call(GET);
    assert.deepEqual(
      [fields[":status"], fields["retry-after"], fields["x-mesh-failure"], body.toString()],
      [503, "1", "OVERLOADED", answer.text],
    );
    assert.equal(fields["content-type"], "text/plain; charset=utf-8");
    assert.equal(fields["content-length"], String(answer.text.length));
  });

  it("sees them beside gRPC's own when it speaks gRPC", async () => {
    answering(failureAnswer("OVERLOADED", "shop"));
    const { fields } = await client.call({
      ...{ ...GET, ":method": "POST", "content-type": "application/grpc" },
    });
    assert.deepEqual([fields[":status"], fields["retry-after"]], [200, "1"]);
    assert.equal(fields["grpc-status"], "14");
  });

  it("is redirected", async () => {
    const fields = "location: /b?c=d\r\n";
    answering({ code: undefined, status: 308, fields, text: "moved\n" });
    const response = await client.call(GET);
    assert.deepEqual(
      [response.fields[":status"], response.fields["location"], response.body.toString()],
      [308, "/b?c=d", "moved\n"],
    );
  });

  for (const [status, length] of [
    [204, undefined],
    [205, "0"],
    [304, undefined],
  ] as const) {
    it(`is answered with ${status} and nothing that belongs to a body`, async () => {
      answering({ code: undefined, status, fields: "a: b\r\n", text: "" });
      const { fields, body } = await client.call(GET);
      assert.deepEqual(
        [fields[":status"], fields["content-length"], fields["content-type"], fields["a"]],
        [status, length, undefined, "b"],
      );
      assert.equal(body.length, 0);
    });
  }

  describe("whose requests are copied", () => {
    let received: string[];
    let application: Http2Application;
    let shadow: Server;
    beforeEach(async () => {
      received = [];
      application = await Http2Application.start((stream) => {
        stream.respond({ ":status": 200 });
        stream.pipe(stream);
      });
      shadow = await startHttp1Application(async (incoming, response) => {
        received.push(`${incoming.method} ${incoming.url} ${await text(incoming)}`);
        response.writeHead(500).end("not for you");
      });
      // The application's destination is the first, the copies' the second.
      hop.toHttp2(application.port);
      hop.toHttp1(portOf(shadow));
      const copies = hop.destinations.pop();
      hop.parts = { mirror: planFor(copies === undefined ? [] : [copies]) };
    });
    afterEach(async () => {
      await application.close();
      shadow.closeAllConnections();
      shadow.close();
    });

    it("gets the answer to the original, and the copy arrives whole", async () => {
      const post = { ...GET, ":method": "POST", ":path": "/order" };
      const { fields, body } = await client.call(post, "three apples");
      assert.deepEqual([fields[":status"], body.toString()], [200, "three apples"]);
      await eventually(() => assert.deepEqual(received, ["POST /order three apples"]));
      await eventually(() =>
        assert.deepEqual(hop.finishedOnes, [{ status: 200, failure: undefined }]),
      );
    });
  });
});
