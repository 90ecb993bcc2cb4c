// HTTP through a pair of sidecars: what the caller sends arrives, what the application answers comes back.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "mocha";
import { uriOf } from "../helpers/certificates.ts";
import { call, readAnswer } from "../helpers/http-call.ts";
import { connectPair, SidecarRig } from "../helpers/sidecar-rig.ts";

describe("requests through a pair of sidecars", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  const echo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        method: request.method,
        url: request.url,
        headers: request.headers,
        rawHeaders: request.rawHeaders,
        trailers: request.rawTrailers,
        body,
      }),
    );
  };

  it("carries method, target, fields and body", async () => {
    const { at, caller, callee } = await connectPair(rig, await rig.httpApplication(echo));
    const answer = await call({
      ...at,
      method: "POST",
      path: "/a/../b?x=%20y",
      headers: { "x-case": "Kept", "content-type": "text/plain" },
      body: "hello",
    });
    const seen = JSON.parse(answer.body);
    assert.equal(answer.status, 200);
    assert.equal(seen.method, "POST");
    assert.equal(seen.url, "/a/../b?x=%20y");
    assert.equal(seen.body, "hello");
    assert.equal(seen.headers["x-case"], "Kept");
    assert.equal(seen.headers["host"], `${at.host}:${at.port}`);
    assert.deepEqual(caller.sidecar.report().counters.outbound, { "shop-orders": 1 });
    assert.equal(callee.sidecar.report().counters.inboundTls, 1);
    assert.equal(callee.sidecar.report().counters.inboundPlaintext, 0);
  });

  it("tells the application who calls, and lets nobody else say it", async () => {
    const { at } = await connectPair(rig, await rig.httpApplication(echo));
    const { body } = await call({
      ...at,
      headers: {
        "x-forwarded-client-cert": "URI=spiffe://forged",
        "x-mesh-anything": "forged",
        "x-forwarded-for": "192.0.2.1",
      },
    });
    const { headers } = JSON.parse(body);
    assert.equal(
      headers["x-forwarded-client-cert"],
      `By=${uriOf("shop-orders")};URI=${uriOf("shop-web")}`,
    );
    assert.equal(headers["x-mesh-anything"], undefined);
    assert.equal(headers["x-forwarded-for"], "192.0.2.1");
  });

  it("accepts plaintext without identity and says where it came from", async () => {
    const { inbound, callee } = await connectPair(rig, await rig.httpApplication(echo));
    const { body } = await call({
      port: inbound.plaintextPort ?? 0,
      headers: { "x-forwarded-for": "192.0.2.1", "x-forwarded-client-cert": "URI=forged" },
    });
    const { headers } = JSON.parse(body);
    assert.equal(headers["x-forwarded-for"], "192.0.2.1, 127.0.0.1");
    assert.equal(headers["x-forwarded-client-cert"], undefined);
    assert.equal(callee.sidecar.report().counters.inboundPlaintext, 1);
  });

  it("drops the fields of one connection, those that Connection names included", async () => {
    const { at } = await connectPair(rig, await rig.httpApplication(echo));
    const { body } = await call({
      ...at,
      headers: { connection: "close, x-private", "x-private": "1", te: "trailers", "x-kept": "1" },
    });
    const { headers } = JSON.parse(body);
    assert.equal(headers["x-private"], undefined);
    assert.equal(headers["te"], undefined);
    assert.equal(headers["x-kept"], "1");
  });

  it("answers HEAD with the fields alone, and 204 and 304 without a body", async () => {
    const port = await rig.httpApplication((request, response) => {
      if (request.method === "HEAD") response.writeHead(200, { "content-length": 1234 }).end();
      else response.writeHead(Number(request.url?.slice(1)), { etag: '"1"' }).end();
    });
    const { at } = await connectPair(rig, port);
    const head = await call({ ...at, method: "HEAD" });
    assert.deepEqual([head.status, head.headers["content-length"], head.body], [200, "1234", ""]);
    for (const status of [204, 304]) {
      const answer = await call({ ...at, path: `/${status}` });
      assert.deepEqual([answer.status, answer.body], [status, ""]);
      assert.equal(answer.headers["transfer-encoding"], undefined);
      assert.equal(answer.headers.etag, '"1"');
    }
  });

  it("keeps repeated fields and adds no Date of its own", async () => {
    const port = await rig.httpApplication((_, response) => {
      response.sendDate = false;
      response.writeHead(200, { "set-cookie": ["a=1", "b=2"] }).end();
    });
    const { at } = await connectPair(rig, port);
    const answer = await call(at);
    assert.deepEqual(answer.headers["set-cookie"], ["a=1", "b=2"]);
    assert.equal(answer.headers.date, undefined);
  });

  it("removes a failure field that an application forged", async () => {
    const port = await rig.httpApplication((_, response) => {
      response.writeHead(503, { "x-mesh-failure": "APPLICATION_UNREACHABLE" }).end("mine");
    });
    const { at } = await connectPair(rig, port);
    const answer = await call(at);
    assert.deepEqual([answer.status, answer.body], [503, "mine"]);
    assert.equal(answer.headers["x-mesh-failure"], undefined);
  });

  it("carries trailers both ways, but none that decide anything", async () => {
    const port = await rig.httpApplication(async (request, response) => {
      await text(request);
      response.setHeader("x-seen", JSON.stringify(request.rawTrailers));
      response.write("body");
      response.addTrailers({ "x-sum": "42", "set-cookie": "no" });
      response.end();
    });
    const { at } = await connectPair(rig, port);
    const outgoing = request({
      ...{ ...at, agent: false, method: "POST" },
      headers: { "transfer-encoding": "chunked" },
    });
    outgoing.write("body");
    outgoing.addTrailers({ "x-check": "1", authorization: "no" });
    outgoing.end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    const answer = await readAnswer(response);
    assert.deepEqual(JSON.parse(String(answer.headers["x-seen"])), ["x-check", "1"]);
    assert.deepEqual(answer.rawTrailers, ["x-sum", "42"]);
  });

  it("passes interim responses on, and asks the application before it asks for a body", async () => {
    const port = await rig.httpApplication(
      () => assert.fail("expected only requests with an expectation"),
      (server) => {
        server.on("checkContinue", async (request: IncomingMessage, response: ServerResponse) => {
          if (request.url === "/no") return void response.writeHead(417).end();
          response.writeEarlyHints({ link: "</style.css>; rel=preload" });
          response.writeContinue();
          response.end(await text(request));
        });
      },
    );
    const { at } = await connectPair(rig, port);
    const outgoing = request({
      ...{ ...at, agent: false, method: "PUT" },
      headers: { expect: "100-continue", "content-length": 4 },
    });
    const interim: number[] = [];
    outgoing.on("information", ({ statusCode }) => interim.push(statusCode));
    outgoing.once("continue", () => outgoing.end("body"));
    outgoing.flushHeaders();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    assert.equal((await readAnswer(response)).body, "body");
    assert.deepEqual(interim, [103, 100]);

    const refused = request({
      ...{ ...at, agent: false, method: "PUT", path: "/no" },
      headers: { expect: "100-continue", "content-length": 4 },
    });
    refused.on("error", () => undefined);
    refused.once("continue", () => assert.fail("expected no 100"));
    refused.flushHeaders();
    const [refusal] = (await once(refused, "response")) as [IncomingMessage];
    assert.equal(refusal.statusCode, 417);
    refused.destroy();
  });

  it("refuses a request with two Host fields", async () => {
    const port = await rig.httpApplication(() => assert.fail("expected no request"));
    const { at } = await connectPair(rig, port);
    const socket = connect(at);
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n");
    assert.match(await text(socket), /^HTTP\/1\.1 400 [\s\S]*x-mesh-failure: REQUEST_MALFORMED/);
  });

  it("answers the offer of h2c in HTTP/1.1", async () => {
    const { at } = await connectPair(rig, await rig.httpApplication(echo));
    const answer = await call({
      ...at,
      method: "POST",
      headers: {
        connection: "Upgrade, HTTP2-Settings",
        upgrade: "h2c",
        "http2-settings": "AAMAAABk",
      },
      body: "hello",
    });
    const seen = JSON.parse(answer.body);
    assert.equal(seen.body, "hello");
    assert.equal(seen.headers["upgrade"], undefined);
  });
});
