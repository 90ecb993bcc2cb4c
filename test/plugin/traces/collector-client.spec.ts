import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { generate } from "selfsigned";
import { CollectorClient, readRetryAfter } from "../../../plugin/traces/collector-client.ts";
import { type Collector, openCollector } from "../../../plugin/traces/collector-settings.ts";
import { eventually } from "../../helpers/eventually.ts";
import { freePort } from "../../helpers/free-port.ts";
import { type Answer, OtlpReceiver, status, take } from "../../helpers/otlp-receiver.ts";

const BODY = '{"resourceSpans":[]}';
const SIGNAL = new AbortController().signal;
const NOT_TOLD = { after: undefined };

describe("a request to the collector", () => {
  let receiver: OtlpReceiver;
  let origin: string;
  let client: CollectorClient;

  const clientOf = (changes: Partial<Collector> = {}, timeLimit = 5_000): CollectorClient => {
    client[Symbol.dispose]();
    const plain = { headers: {}, certificate: undefined, gzip: false };
    client = new CollectorClient({ url: `${origin}/v1/traces`, ...plain, ...changes }, timeLimit);
    return client;
  };

  beforeEach(async () => {
    receiver = new OtlpReceiver();
    origin = await receiver.listen();
    client = new CollectorClient({ url: origin, headers: {}, certificate: undefined, gzip: false });
  });

  afterEach(async () => {
    client[Symbol.dispose]();
    await receiver[Symbol.asyncDispose]();
  });

  it("is OTLP's, with the fields that are asked for", async () => {
    const headers = { "api-key": "s3cret" };
    const url = `${origin}/otlp/v1/traces?tenant=a`;
    assert.deepEqual(await clientOf({ headers, url }).send(BODY, SIGNAL), {
      ...{ kind: "taken", rejected: 0, why: "" },
    });
    assert.deepEqual(receiver.violations, []);
    const [received] = receiver.received;
    assert.equal(received?.path, "/otlp/v1/traces?tenant=a");
    assert.partialDeepStrictEqual(received?.headers, {
      "content-type": "application/json",
      "api-key": "s3cret",
    });
    assert.match(received?.headers["user-agent"] ?? "", /^docker-mesh\/\d/);
  });

  it("is compressed where that is asked for", async () => {
    await clientOf({ gzip: true }).send(BODY, SIGNAL);
    assert.equal(receiver.received[0]?.headers["content-encoding"], "gzip");
    assert.deepEqual(receiver.violations, []);
  });

  it("goes over one connection, one after the other", async () => {
    const connections = new Set<unknown>();
    receiver.answer = (response) => {
      connections.add(response.socket);
      take(response);
    };
    clientOf();
    for (let round = 0; round < 5; round += 1) await client.send(BODY, SIGNAL);
    assert.equal(connections.size, 1);
  });

  for (const [what, answer, expected] of [
    ["nothing", status(200), { kind: "taken", rejected: 0, why: "" }],
    ["204", status(204), { kind: "taken", rejected: 0, why: "" }],
    ["nonsense with 200", status(200, {}, "{nonsense"), { kind: "taken", rejected: 0, why: "" }],
    ["null with 200", status(200, {}, "null"), { kind: "taken", rejected: 0, why: "" }],
    [
      "a partial success",
      status(200, {}, '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too\\u001b old"}}'),
      { kind: "taken", rejected: 3, why: "too\\u{1b} old" },
    ],
    [
      "a partial success in numbers",
      status(200, {}, '{"partialSuccess":{"rejectedSpans":3}}'),
      { kind: "taken", rejected: 3, why: "" },
    ],
    [
      "a partial success of nonsense",
      status(200, {}, '{"partialSuccess":{"rejectedSpans":"-3e9"}}'),
      { kind: "taken", rejected: 0, why: "" },
    ],
    [
      "a web page",
      status(200, { "content-type": "text/html; charset=utf-8" }, "<html>"),
      { kind: "refused", why: "a web page, so that something else listens there" },
    ],
    [
      "a redirect",
      status(307, { location: "http://127.0.0.1:1/elsewhere" }),
      { kind: "refused", why: "status 307 to http://127.0.0.1:1/elsewhere" },
    ],
    ["400", status(400, {}, "bad span"), { kind: "refused", why: "status 400: bad span" }],
    ["401", status(401), { kind: "refused", why: "status 401" }],
    ["500", status(500), { kind: "refused", why: "status 500" }],
    ["429", status(429), { kind: "later", ...NOT_TOLD, why: "status 429" }],
    ["502", status(502), { kind: "later", ...NOT_TOLD, why: "status 502" }],
    [
      "503",
      status(503, { "retry-after": "7" }, "busy"),
      { kind: "later", after: 7_000, why: "status 503: busy" },
    ],
    ["504", status(504), { kind: "later", ...NOT_TOLD, why: "status 504" }],
    [
      "no answer",
      (response) => void response.destroy(),
      { kind: "later", ...NOT_TOLD, why: "socket hang up" },
    ],
  ] satisfies readonly [string, Answer, object][]) {
    it(`answered with ${what}`, async () => {
      receiver.answer = answer;
      assert.deepEqual(await clientOf().send(BODY, SIGNAL), expected);
      assert.equal(receiver.received.length, 1);
    });
  }

  it("that is never answered is given up", async () => {
    receiver.answer = () => undefined;
    const delivery = await clientOf({}, 50).send(BODY, SIGNAL);
    assert.deepEqual(delivery, { kind: "later", ...NOT_TOLD, why: "no answer within 0.05 s" });
    await eventually(() => assert.equal(receiver.open, 0));
  });

  it("whose answer never ends is answered by its head", async () => {
    let wanted = true;
    receiver.answer = (response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.once("close", () => {
        wanted = false;
      });
      const more = (): void => {
        if (!wanted) return;
        response.write("x".repeat(10_000));
        setImmediate(more);
      };
      more();
    };
    assert.partialDeepStrictEqual(await clientOf().send(BODY, SIGNAL), { kind: "taken" });
    await eventually(() => assert.equal(wanted, false));
    receiver.answer = take;
    assert.partialDeepStrictEqual(await client.send(BODY, SIGNAL), { kind: "taken" });
  });

  it("whose answer stops in the middle is answered by its head", async () => {
    receiver.answer = (response) =>
      void response.writeHead(503, { "content-length": 10 }).write("no");
    assert.partialDeepStrictEqual(await clientOf({}, 200).send(BODY, SIGNAL), {
      ...{ kind: "later", why: "status 503: no" },
    });
  });

  it("is given up when nobody waits for it any more", async () => {
    receiver.answer = () => undefined;
    const leave = new AbortController();
    const sent = clientOf().send(BODY, leave.signal);
    await eventually(() => assert.equal(receiver.open, 1), { interval: 1 });
    leave.abort(new Error("the agent stops"));
    assert.partialDeepStrictEqual(await sent, { kind: "later" });
  });

  it("to a collector that is not there is for later", async () => {
    const url = `http://127.0.0.1:${await freePort()}/v1/traces`;
    const delivery = await clientOf({ url }).send(BODY, SIGNAL);
    assert.equal(delivery.kind, "later");
    assert.match(delivery.why, /ECONNREFUSED/);
  });

  it("names its address without passwords", () => {
    const url = "https://user:s3cret@collector.example/v1/traces?key=s3cret";
    assert.equal(clientOf({ url }).shown, "https://collector.example/v1/traces");
  });
});

describe("a collector behind TLS", () => {
  it("is believed when the authority that is named vouches for it, and not else", async () => {
    const attributes = [{ name: "commonName", value: "127.0.0.1" }];
    const altNames = [{ type: 7 as const, ip: "127.0.0.1" }];
    const made = await generate(attributes, {
      ...{ keyType: "ec", algorithm: "sha256" },
      extensions: [{ name: "subjectAltName", altNames }],
    });
    await using receiver = new OtlpReceiver({ key: made.private, cert: made.cert });
    const url = await receiver.listen();
    const directory = await mkdtemp(join(tmpdir(), "mesh-ca-"));
    try {
      const file = join(directory, "ca.crt");
      await writeFile(file, made.cert);
      const settings = { url, headers: {}, gzip: false };
      const collector = await openCollector({ ...settings, certificateFile: file });
      using trusting = new CollectorClient(collector);
      assert.partialDeepStrictEqual(await trusting.send(BODY, SIGNAL), { kind: "taken" });
      using doubting = new CollectorClient({ ...settings, certificate: undefined });
      const refused = await doubting.send(BODY, SIGNAL);
      assert.equal(refused.kind, "later");
      assert.match(refused.why, /self-signed|unable to verify/);
      assert.equal(receiver.received.length, 1);
      await writeFile(file, "no certificate");
      for (const certificateFile of [file, join(directory, "none")])
        await assert.rejects(openCollector({ ...settings, certificateFile }), {
          ...{ code: "CONFIGURATION_INVALID", message: /OTEL_EXPORTER_OTLP_CERTIFICATE: / },
        });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe("Retry-After", () => {
  const now = Date.UTC(2026, 0, 1, 12, 0, 0);
  for (const [text, expected] of [
    [undefined, undefined],
    ["0", 0],
    ["120", 120_000],
    ["Thu, 01 Jan 2026 12:00:30 GMT", 30_000],
    ["Thu, 01 Jan 2026 11:00:00 GMT", 0],
    ["soon", undefined],
    ["", undefined],
    ["99999999999999999999", undefined],
  ] as const) {
    it(`${text} is ${expected === undefined ? "nothing" : `${expected} ms`}`, () => {
      assert.equal(readRetryAfter(text, now), expected);
    });
  }
});
