import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, it } from "mocha";
import { eventually } from "../helpers/eventually.ts";
import { DemoService } from "./demo-processes.ts";

const EMPTY_SHOP: string = JSON.stringify({ replica: "r", products: [], orders: [], hops: [] });

describe("a demo service whose callee takes its time", function () {
  this.timeout(10_000);
  let callee: Server;
  let web: DemoService;

  beforeEach(async () => {
    callee = createServer().listen(0, "127.0.0.1");
    await once(callee, "listening");
    const address = callee.address();
    const port = typeof address === "object" ? address?.port : undefined;
    web = await DemoService.start("web", { ORDERS_URL: `http://127.0.0.1:${port}` });
  });

  afterEach(async () => {
    await web.stop();
    callee.close();
    callee.closeAllConnections();
  });

  it("finishes what is in flight after SIGTERM, accepts nothing new, and exits", async () => {
    const asked = once(callee, "request");
    const viewed = fetch(`${web.url}/api/page`);
    const [, response] = (await asked) as [unknown, ServerResponse];
    const stopped = web.stop();
    await eventually(() => rejects(fetch(`${web.url}/health`)));
    response.end(EMPTY_SHOP);
    const page = (await (await viewed).json()) as { hops: unknown };
    deepEqual(page.hops, [{ from: "web", to: "orders", replica: "r" }]);
    equal(await stopped, 0);
  });

  it("waits no longer than its timeout, and names whom it waited for", async () => {
    const response = await fetch(web.url);
    equal(response.status, 502);
    match(await response.text(), /Orders did not answer in time/);
  });
});
