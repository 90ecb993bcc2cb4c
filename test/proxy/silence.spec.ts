// Requests that wait for a container which is gone: told apart from those that wait for a slow application.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, describe, it } from "mocha";
import { systemClock } from "../../mesh/clock.ts";
import { silentLog } from "../../mesh/log.ts";
import { Counters } from "../../proxy/counters.ts";
import { DialedDestination } from "../../proxy/http/dialed-destination.ts";
import { HttpEngine } from "../../proxy/http/http-engine.ts";
import type { Destination, RequestHandler } from "../../proxy/http/streams.ts";
import { Refusals } from "../../proxy/refusals.ts";
import { plainConnection } from "../../proxy/transport/connection.ts";
import { Deadlines } from "../../proxy/transport/deadlines.ts";
import { dialTcp } from "../../proxy/transport/dial.ts";
import { Output } from "../../proxy/transport/output.ts";

describe("a destination that does not answer", () => {
  const opened: { close(): unknown }[] = [];
  afterEach(() => {
    for (const each of opened.splice(0)) each.close();
  });

  const listen = async (server: Server): Promise<number> => {
    opened.push(server.listen(0, "127.0.0.1"));
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };
  const application = (answer: RequestListener): Promise<number> =>
    listen(createHttpServer(answer));
  /** Accepts connections and never says a word, as a container does whose packets go nowhere. */
  const blackHole = (): Promise<number> =>
    listen(createServer((socket) => void socket.on("error", () => undefined).resume()));

  const destination = (port: number, answers: () => boolean): Destination => {
    const deadlines = new Deadlines();
    opened.push(deadlines);
    const created = new DialedDestination({
      ...{ key: String(port), output: new Output(), deadlines, link: undefined },
      dial: (signal) => dialTcp("127.0.0.1", port, signal),
      unreachable: "ENDPOINTS_UNREACHABLE",
      answers: async () => answers(),
    });
    opened.push(created);
    return created;
  };

  /** A front that sends every request to these destinations, and its address. */
  const front = async (destinations: readonly Destination[]): Promise<string> => {
    const refusals = new Refusals(new Counters(), systemClock, silentLog);
    const engine = new HttpEngine({ refusals, links: false, refused: () => undefined });
    opened.push(engine);
    const nothing = Buffer.alloc(0);
    const handler: RequestHandler = {
      closing: true,
      plan: () => ({
        ...{ service: "shop-orders", destinations, host: nothing, added: nothing },
        forwardedFor: undefined,
      }),
      finished: () => undefined,
    };
    const port = await listen(
      createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
        engine.serve(plainConnection(socket), handler),
      ),
    );
    return `http://127.0.0.1:${port}/`;
  };

  it("is given up once its address is gone, and the next one answers", async () => {
    const gone = destination(await blackHole(), () => false);
    const well = destination(await application((_, response) => response.end("well")), () => true);
    const response = await fetch(await front([gone, well]));
    assert.equal(await response.text(), "well");
  });

  it("is waited for as long as its address answers", async () => {
    let looks = 0;
    const slow = await application((_, response) => {
      const timer = setInterval(() => {
        if (looks < 2) return;
        clearInterval(timer);
        response.end("slow but there");
      }, 10);
    });
    const asked = destination(slow, () => {
      looks += 1;
      return true;
    });
    const response = await fetch(await front([asked]));
    assert.equal(await response.text(), "slow but there");
  });

  it("is asked for once by many requests that wait for it", async () => {
    let looks = 0;
    const gone = destination(await blackHole(), () => {
      looks += 1;
      return false;
    });
    const address = await front([gone]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(address)));
    assert.ok(answers.every(({ status }) => status === 502));
    assert.equal(looks, 1);
  });

  it("does not get a request again that may have been carried out", async () => {
    const gone = destination(await blackHole(), () => false);
    const well = destination(await application((_, response) => response.end("twice")), () => true);
    const response = await fetch(await front([gone, well]), { method: "POST", body: "order" });
    assert.equal(response.status, 502);
  });
});
