// A gateway's sidecar and its clients, over real sockets: what the request path adds to what `host-table` and `forwarded` decide.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { after, before, describe, it } from "mocha";
import { generate } from "selfsigned";
import type {
  Gateway,
  GatewayCertificate,
  Publication,
} from "../../../proxy/configuration/gateway.ts";
import { freePort } from "../../helpers/free-port.ts";
import { type Answer, call } from "../../helpers/http-call.ts";
import {
  inboundPort,
  outboundService,
  SidecarRig,
  type TestSidecar,
} from "../../helpers/sidecar-rig.ts";

async function certificateFor(host: string): Promise<GatewayCertificate> {
  const made = await generate([{ name: "commonName", value: host }], {
    keyType: "ec",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: host }] }],
  });
  return { hosts: [host], certificateChain: made.cert, privateKey: made.private };
}

function publication(host: string, more: Partial<Publication> = {}): Publication {
  const target = { service: "shop-web", port: 8080 };
  return { host, path: "/", target, redirects: false, ...more };
}

describe("a gateway's sidecar", () => {
  let rig: SidecarRig;
  let sidecar: TestSidecar;
  let gateway: Gateway;
  let certificate: GatewayCertificate;
  let http: number;
  let https: number;

  before(async () => {
    rig = await SidecarRig.create();
    const application = await rig.httpApplication((request, response) => {
      response.end(JSON.stringify({ url: request.url, headers: request.headers }));
    });
    const inbound = await inboundPort(application);
    await (await rig.sidecar("shop-web")).configure({ inbound: [inbound] });
    const outbound = await outboundService("shop-web", [inbound.tlsPort], { names: [] });
    certificate = await certificateFor("*.safe.example");
    [http, https] = [await freePort("0.0.0.0"), await freePort("0.0.0.0")];
    gateway = {
      ports: { http, https },
      trustedProxies: [],
      publications: [
        publication("shop.example"),
        publication("parts.example", { path: "/api" }),
        publication("*.safe.example", { redirects: true }),
        publication("gone.example", { target: { service: "shop-gone", port: 8080 } }),
        publication("disputed.example", { target: undefined }),
      ],
      certificates: [certificate],
    };
    sidecar = await rig.sidecar("gateway");
    await sidecar.configure({ outbound: [outbound], gateway });
  });

  after(() => rig[Symbol.asyncDispose]());

  const ask = (
    host: string,
    path = "/",
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> => call({ port: http, path, headers: { host, ...headers } });

  const heard = ({ status, body }: Answer): { url: string; headers: Record<string, string> } => {
    assert.equal(status, 200, body);
    return JSON.parse(body) as { url: string; headers: Record<string, string> };
  };

  async function shakeHands(
    servername: string | undefined,
    protocols?: string[],
  ): Promise<TLSSocket> {
    const socket = connectTls({
      ...{ host: "127.0.0.1", port: https, ca: certificate.certificateChain },
      ...(servername === undefined ? { checkServerIdentity: () => undefined } : { servername }),
      ...(protocols === undefined ? {} : { ALPNProtocols: protocols }),
    });
    await once(socket, "secureConnect");
    return socket;
  }

  it("leads clients to published services and adds whom they are for", async () => {
    const { headers } = heard(await ask("shop.example", "/", { "x-forwarded-for": "192.0.2.1" }));
    assert.equal(headers["x-forwarded-for"], "127.0.0.1");
    assert.equal(headers["x-forwarded-host"], "shop.example");
    assert.equal(headers["x-forwarded-port"], String(http));
    assert.equal(headers["host"], "shop.example");
  });

  it("answers for what nobody has, what several claim, and whose service is gone", async () => {
    for (const host of ["other.example", "disputed.example", "gone.example", "shop-web"]) {
      const { status, headers } = await ask(host);
      assert.deepEqual([status, headers["x-mesh-failure"]], [404, "NOT_PUBLISHED"], host);
    }
    assert.equal((await ask("parts.example", "/apis")).status, 404);
  });

  it("sends paths on as they were judged, where paths decide", async () => {
    assert.equal(heard(await ask("parts.example", "/%61pi/./x?q=%61")).url, "/api/x?q=%61");
    assert.equal(heard(await ask("shop.example", "/%61pi/./x")).url, "/%61pi/./x");
  });

  it("counts what it led, and what it refused by its code", async () => {
    const { counters } = sidecar.sidecar.report();
    const before = counters.failures["NOT_PUBLISHED"] ?? 0;
    await ask("other.example");
    assert.equal(sidecar.sidecar.report().counters.failures["NOT_PUBLISHED"], before + 1);
    assert.ok((counters.outbound["shop-web"] ?? 0) > 0);
  });

  it("presents the certificate of the name that is asked for, and chooses HTTP/2", async () => {
    for (const [offered, chosen] of [
      [["http/1.1", "h2"], "h2"],
      [["http/1.1"], "http/1.1"],
      [undefined, false],
    ] as const) {
      const socket = await shakeHands("a.safe.example", offered && [...offered]);
      assert.equal(socket.alpnProtocol, chosen);
      socket.destroy();
    }
  });

  it("refuses the handshake of who asks for another name, for none, or for another protocol", async () => {
    await assert.rejects(shakeHands("shop.example"));
    await assert.rejects(shakeHands("a.b.safe.example"));
    await assert.rejects(shakeHands(undefined));
    await assert.rejects(shakeHands("a.safe.example", ["spdy/3"]));
    (await shakeHands("a.safe.example")).destroy();
  });

  it("speaks HTTP/2 to clients and says that they came by HTTPS", async () => {
    const session = connectHttp2("https://a.safe.example", {
      createConnection: () =>
        connectTls({
          ...{ host: "127.0.0.1", port: https, ca: certificate.certificateChain },
          ...{ servername: "a.safe.example", ALPNProtocols: ["h2"] },
        }),
    });
    const stream = session.request({ ":path": "/x", "x-forwarded-proto": "gopher" });
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(stream, "end");
    session.destroy();
    const { headers } = JSON.parse(Buffer.concat(chunks).toString());
    assert.equal(headers["x-forwarded-proto"], "https");
    assert.equal(headers["x-forwarded-for"], "127.0.0.1");
  });

  it("goes on with open connections when certificates change", async () => {
    const socket = await shakeHands("a.safe.example", ["http/1.1"]);
    await sidecar.configure({
      gateway: { ...gateway, certificates: [await certificateFor("b.example")] },
    });
    await assert.rejects(shakeHands("a.safe.example"));
    socket.write("GET / HTTP/1.1\r\nHost: a.safe.example\r\n\r\n");
    const [bytes] = (await once(socket, "data")) as [Buffer];
    assert.match(bytes.toString(), /^HTTP\/1\.1 200 /);
    socket.destroy();
    await sidecar.configure({ gateway });
  });

  it("believes trusted proxies about clients, and continues what they say", async () => {
    await sidecar.configure({
      gateway: { ...gateway, trustedProxies: ["127.0.0.0/8", "2001:db8::/32"] },
    });
    const said = {
      "x-forwarded-for": "192.0.2.1",
      "x-forwarded-proto": "https",
      forwarded: "for=a",
    };
    const { headers } = heard(await ask("shop.example", "/", said));
    assert.equal(headers["x-forwarded-for"], "192.0.2.1, 127.0.0.1");
    assert.equal(headers["x-forwarded-proto"], "https");
    assert.equal(headers["x-forwarded-host"], "shop.example");
    heard(await ask("a.safe.example", "/", said));
    assert.equal((await ask("a.safe.example")).status, 308);
    await sidecar.configure({ gateway });
    const moved = await ask("a.safe.example", "/x?y", said);
    assert.equal(moved.status, 308);
    assert.equal(moved.headers.location, `https://a.safe.example:${https}/x?y`);
  });

  it("refuses what is malformed, as everywhere", async () => {
    const socket = connectTcp(http, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: shop.example\r\nHost: other.example\r\n\r\n");
    const [bytes] = (await once(socket, "data")) as [Buffer];
    assert.match(bytes.toString(), /^HTTP\/1\.1 400 [\s\S]*x-mesh-failure: REQUEST_MALFORMED/);
    socket.destroy();
  });

  it("takes no new clients while it is draining", async () => {
    await sidecar.configure({ draining: true });
    await assert.rejects(ask("shop.example"), /ECONNREFUSED/);
    await sidecar.configure({ draining: false });
    heard(await ask("shop.example"));
  });
});
