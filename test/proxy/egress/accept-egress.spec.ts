// The sidecar's way to hosts outside, between an application and a host that are both on the loopback address.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import { systemClock } from "../../../mesh/clock.ts";
import { Drain } from "../../../mesh/drain.ts";
import { silentLog } from "../../../mesh/log.ts";
import { Denials } from "../../../proxy/authorize/denials.ts";
import { placeOf } from "../../../proxy/configuration/place.ts";
import { Counters } from "../../../proxy/counters.ts";
import type { DataPlane } from "../../../proxy/data-plane.ts";
import { acceptEgress } from "../../../proxy/egress/accept-egress.ts";
import { OutsideHosts } from "../../../proxy/egress/outside-hosts.ts";
import { HttpEngine } from "../../../proxy/http/http-engine.ts";
import { Traffic } from "../../../proxy/metrics/traffic.ts";
import { OpenStreams } from "../../../proxy/open-streams.ts";
import { Refusals } from "../../../proxy/refusals.ts";
import { plainConnection } from "../../../proxy/transport/connection.ts";
import { dialTcp } from "../../../proxy/transport/dial.ts";
import { eventually } from "../../helpers/eventually.ts";
import { hello } from "./hellos.ts";

const PORT = 443;
const PLACE = { address: "127.128.0.1", port: PORT | 0x8000 };
const listOf = (...names: string[]): OutsideHosts =>
  new OutsideHosts(names.map((name) => ({ name, port: PORT, listen: PLACE })));

class Way {
  egress: OutsideHosts | undefined = listOf("api.example.com", "*.example.org");
  /** Names that were dialled, in order. */
  readonly dialled: string[] = [];
  /** All that arrived at the host outside. */
  arrived = "";
  /** What it answers each request with; undefined: nothing. */
  answer: string | undefined = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
  reachable = true;
  readonly counters: Counters = new Counters();
  readonly traffic: Traffic = new Traffic();
  readonly #ending = new AbortController();
  readonly #sockets = new Set<Socket>();
  readonly #servers: Server[] = [];
  readonly #streams = new OpenStreams();
  readonly #engine: HttpEngine;
  #plane: DataPlane | undefined;
  #entrance = 0;
  #exit = 0;

  constructor() {
    const refusals = new Refusals(this.counters, systemClock, silentLog);
    const drain = new Drain();
    const linkViolated = (): void => undefined;
    this.#engine = new HttpEngine({ refusals, drain, linkViolated, links: false });
    this.#plane = {
      configuration: () => ({ egress: this.egress }),
      ...{ engine: this.#engine, counters: this.counters, traffic: this.traffic, refusals, drain },
      observer: { finished: () => undefined, refused: () => undefined },
      ...{ streams: this.#streams, log: silentLog, signal: this.#ending.signal },
      denials: new Denials(silentLog, systemClock, this.counters),
    } as unknown as DataPlane;
  }

  async open(): Promise<void> {
    this.#exit = await this.#listen((socket) =>
      socket.on("data", (bytes) => {
        this.arrived += bytes.toString("latin1");
        if (this.answer !== undefined) socket.write(this.answer);
      }),
    );
    this.#entrance = await this.#listen((socket) =>
      acceptEgress(
        this.#plane as DataPlane,
        plainConnection(socket),
        placeOf(PLACE.address, PLACE.port),
        async (name, _port, signal) => {
          this.dialled.push(name);
          if (!this.reachable) throw new Error("nobody answers for its name");
          return await dialTcp("127.0.0.1", this.#exit, signal);
        },
      ),
    );
  }

  /** The configuration has changed. */
  change(egress: OutsideHosts | undefined): void {
    this.egress = egress;
    this.#streams.review();
    this.#engine.review();
  }

  /** The application says this; what it is told ends with "(reset)" where the connection did. */
  async say(said: string | Buffer): Promise<Said> {
    const socket = connect(this.#entrance, "127.0.0.1");
    this.#sockets.add(socket);
    const told = { text: "" };
    socket.on("data", (bytes) => {
      told.text += bytes.toString("latin1");
    });
    socket.on("error", () => {
      told.text += "(reset)";
    });
    // A reset may come as early as that.
    await once(socket, "connect").catch(() => undefined);
    socket.write(said);
    return { told, socket };
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#engine.close();
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) server.close();
  }

  async #listen(accept: (socket: Socket) => void): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => undefined);
      this.#sockets.add(socket);
      accept(socket);
    });
    this.#servers.push(server);
    await once(server.listen(0, "127.0.0.1"), "listening");
    return (server.address() as AddressInfo).port;
  }
}

interface Said {
  readonly told: { readonly text: string };
  readonly socket: Socket;
}

const request = (host: string, target = "/", more = ""): string =>
  `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;

describe("the way to hosts outside", () => {
  let way: Way;

  beforeEach(async () => {
    way = new Way();
    await way.open();
  });

  afterEach(async () => await way.close());

  const untilTold = async ({ told }: Said, pattern: RegExp): Promise<void> =>
    await eventually(() => assert.match(told.text, pattern));

  it("carries TLS to the name that it bears, byte for byte, and counts it under its entry", async () => {
    way.answer = "answer";
    const bytes = hello("a.b.example.org");
    const said = await way.say(bytes);
    await untilTold(said, /^answer$/);
    assert.equal(way.arrived, bytes.toString("latin1"));
    assert.deepEqual(way.dialled, ["a.b.example.org"]);
    assert.deepEqual(way.counters.read().outbound, { "*.example.org": 1 });
  });

  it("reads a name that arrives in pieces", async () => {
    way.answer = "answer";
    const bytes = hello("api.example.com");
    const said = await way.say(bytes.subarray(0, 3));
    for (let at = 3; at < bytes.length; at += 400) {
      await new Promise(setImmediate);
      said.socket.write(bytes.subarray(at, at + 400));
    }
    await untilTold(said, /^answer$/);
    assert.equal(way.arrived, bytes.toString("latin1"));
  });

  it("carries on what an application says that has then ended its side", async () => {
    way.answer = "answer";
    const said = await way.say("");
    said.socket.end(hello("api.example.com"));
    await untilTold(said, /^answer/);
    assert.equal(way.arrived, hello("api.example.com").toString("latin1"));
  });

  for (const [what, bytes] of [
    ["a name that is not listed", hello("other.example.com")],
    ["TLS that is none", Buffer.from("\x16\x03\x01\x00\x01\x02", "latin1")],
    ["another protocol", Buffer.from("SSH-2.0-x\r\n")],
    ["HTTP/2 without TLS", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")],
  ] as const) {
    it(`resets ${what}, dials nobody, and counts it`, async () => {
      await untilTold(await way.say(bytes), /^\(reset\)$/);
      assert.deepEqual(way.dialled, []);
      const { outbound, failures } = way.counters.read();
      assert.deepEqual([outbound, failures], [{ outside: 1 }, { EGRESS_DENIED: 1 }]);
      const [{ peer, streams } = {}] = way.traffic.take();
      assert.deepEqual([peer, streams?.opened], ["outside", 1]);
    });
  }

  it("resets TLS whose host cannot be reached", async () => {
    way.reachable = false;
    await untilTold(await way.say(hello("api.example.com")), /^\(reset\)$/);
    assert.deepEqual(way.counters.read().failures, { EGRESS_UNREACHABLE: 1 });
  });

  it("answers 503 for HTTP whose host cannot be reached", async () => {
    way.reachable = false;
    const said = await way.say(request("api.example.com"));
    await untilTold(said, /^HTTP\/1\.1 503 .*x-mesh-failure: EGRESS_UNREACHABLE/is);
  });

  it("keeps one connection for requests to one host, and opens another for the next", async () => {
    const hosts = ["api.example.com", "API.example.com:443", "x.example.org", "api.example.com"];
    const said = await way.say(hosts.map((host) => request(host)).join(""));
    await untilTold(said, /^(?:HTTP.1.1 200 OK.*?hi){4}$/s);
    assert.deepEqual(way.dialled, ["api.example.com", "x.example.org", "api.example.com"]);
  });

  for (const [what, text] of [
    ["an address as Host", request("203.0.113.1")],
    ["an IPv6 address", request("[2001:db8::1]")],
    ["a Host that only ends alike", request("api.example.com.other.test")],
    [
      "a target with another host, which is stronger",
      request("api.example.com", "http://other.example.com/"),
    ],
    ["a Host with a dot at its end", request("api.example.com.")],
    ["HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n"],
  ] as const) {
    it(`answers 403 for ${what}`, async () => {
      const said = await way.say(text);
      await untilTold(said, /^HTTP\/1\.[01] (?:403|400) /);
      assert.equal(way.arrived, "");
      assert.deepEqual(way.dialled, []);
    });
  }

  it("lets nothing behind a listed request reach the host as part of it", async () => {
    const inner = request("other.example.com", "/inner");
    const body = `Content-Length: ${inner.length}\r\nTransfer-Encoding: chunked\r\n`;
    const said = await way.say(`${request("api.example.com", "/", body)}0\r\n\r\n${inner}`);
    await untilTold(said, /^HTTP\/1\.1 400 /);
    assert.equal(way.arrived, "");
    const piped = await way.say(request("api.example.com") + inner);
    await untilTold(piped, /200 OK.*403 .*x-mesh-failure: EGRESS_DENIED/is);
    assert.doesNotMatch(way.arrived, /inner/);
  });

  it("ends what is open to a host that is not listed any more, and nothing else", async () => {
    way.answer = undefined;
    const kept = await way.say(hello("x.example.org"));
    const stream = await way.say(hello("api.example.com"));
    const waiting = await way.say(request("api.example.com"));
    await eventually(() => assert.equal(way.dialled.length, 3));
    await eventually(() => assert.match(way.arrived, /GET \//));
    way.change(listOf("*.example.org"));
    await untilTold(stream, /^\(reset\)$/);
    await untilTold(waiting, /^HTTP\/1\.1 403 .*EGRESS_DENIED/s);
    way.change(undefined);
    assert.equal(kept.told.text, "");
    assert.equal(kept.socket.destroyed, false);
  });

  it("takes nothing where no list leads", async () => {
    way.egress = undefined;
    await untilTold(await way.say(hello("api.example.com")), /^\(reset\)$/);
  });
});
