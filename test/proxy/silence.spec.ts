// Requests that wait for a container which is gone: told apart from those that wait for a slow application.
import assert from "node:assert/strict";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import { SILENCE } from "../../proxy/http/shared-look.ts";
import type { Destination } from "../../proxy/http/streams.ts";
import { HttpFronts } from "../helpers/http-front.ts";

describe("a destination that does not answer", () => {
  let fronts: HttpFronts;
  beforeEach(() => {
    fronts = new HttpFronts();
    fronts.closing = true;
  });
  afterEach(async () => {
    await fronts[Symbol.asyncDispose]();
  });

  const application = (answer: RequestListener): Promise<number> =>
    fronts.listen(createHttpServer(answer));
  /** Accepts connections and never says a word, as a container does whose packets go nowhere. */
  const blackHole = (): Promise<number> =>
    fronts.listen(createServer((socket) => void socket.on("error", () => undefined).resume()));

  const destination = (port: number, answers: () => boolean): Destination =>
    fronts.destination(port, answers);

  /** A front that sends every request to these destinations, and its address. */
  const front = async (destinations: readonly Destination[]): Promise<string> =>
    `http://127.0.0.1:${await fronts.open(destinations)}/`;

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

  it("is asked for once in each try by many requests that wait for it", async () => {
    let looks = 0;
    const gone = destination(await blackHole(), () => {
      looks += 1;
      return false;
    });
    const address = await front([gone]);
    const start = performance.now();
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(address)));
    assert.ok(answers.every(({ status }) => status === 502));
    // The first try and two more; where the requests themselves come slowly, still no look sooner after another.
    const most = Math.floor((performance.now() - start) / SILENCE);
    assert.ok(looks >= 2 && looks <= most, `${looks} looks, at most ${most}`);
  });

  it("does not get a request again that may have been carried out", async () => {
    const gone = destination(await blackHole(), () => false);
    const well = destination(await application((_, response) => response.end("twice")), () => true);
    const response = await fetch(await front([gone, well]), { method: "POST", body: "order" });
    assert.equal(response.status, 502);
  });
});
