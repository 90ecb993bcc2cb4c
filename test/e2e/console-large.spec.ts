// A mesh that is too large for a picture and for a table: the console stays small, and everything can still be found. The agent
// is made up, since no machine of tests can run 500 services.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "mocha";
import type { Browser, Page } from "playwright-core";
import { bundlePage } from "../../scripts/images/console-page.ts";
import { openBrowser, openPage, type WatchedPage } from "../helpers/browser.ts";
import { overflow, visit } from "../helpers/console-page.ts";
import { ConsoleStub, largeMesh } from "../helpers/console-stub.ts";
import { eventually } from "../helpers/eventually.ts";
import { ROOT } from "../structure/source-files.ts";

const SERVICES = 500;
/** Elements of a page: browsers get slow with tens of thousands. */
const MOST_ELEMENTS = 3_000;

describe(`the console before a mesh of ${SERVICES} services`, () => {
  let folder = "";
  let stub: ConsoleStub;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "mesh-test-"));
    await bundlePage(ROOT, folder);
    stub = await ConsoleStub.start(folder, largeMesh(SERVICES));
    browser = await openBrowser();
    watched = await openPage(browser, stub.address);
    ({ page } = watched);
  });

  after(async () => {
    await browser?.close();
    await stub?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  afterEach("nothing is complained about", () => assert.deepEqual(watched?.complaints, []));

  const elements = async (): Promise<number> =>
    await page.evaluate("document.querySelectorAll('*').length");

  it("says that there is too much for a picture, and lists the busiest calls", async () => {
    await visit(page, "#/topology");
    await page.getByText(`${SERVICES} services are too many for one picture`).waitFor();
    assert.equal(await page.locator(".graph").count(), 0);
    assert.equal(await page.getByRole("table", { name: "Calls" }).getByRole("row").count(), 101);
    assert.ok((await elements()) < MOST_ELEMENTS, `${await elements()} elements`);
  });

  it("draws one service with its neighbours, and leads on from each to the next", async () => {
    await visit(page, "#/topology");
    await page.getByLabel("Service and its neighbours").fill("service-020");
    await page.getByRole("link", { name: /^service-041: / }).click();
    await page.getByRole("region", { name: "service-041" }).waitFor();
    await page.getByRole("link", { name: "Only its neighbours" }).click();
    await page.getByRole("link", { name: /^service-083: / }).waitFor();
    assert.ok((await elements()) < MOST_ELEMENTS);
    await page.goBack();
    await page.getByRole("link", { name: /^service-042: / }).waitFor();
  });

  it("shows services in steps, and finds one by a part of its name", async () => {
    await visit(page, "#/services");
    const rows = page.getByRole("table", { name: "Services" }).getByRole("row");
    await eventually(async () => assert.equal(await rows.count(), 101));
    await page.getByRole("button", { name: `Show 100 more of ${SERVICES}` }).click();
    await eventually(async () => assert.equal(await rows.count(), 201));
    await page.getByLabel("Search").fill("ice-487");
    await eventually(async () => assert.equal(await rows.count(), 2));
    await page.getByRole("link", { name: "service-487" }).click();
    await page.getByRole("heading", { level: 1, name: "service-487" }).waitFor();
    await page.goBack();
    await eventually(async () => assert.equal(await rows.count(), 2));
  });

  it("keeps what the reader has chosen while news come in", async () => {
    await visit(page, "#/topology?focus=service-020&service=service-020");
    const call = page.getByRole("link", { name: /^service-020 calls service-041: / });
    const first = await call.getAttribute("aria-label");
    await call.focus();
    await eventually(async () => assert.notEqual(await call.getAttribute("aria-label"), first));
    assert.match(
      await page.evaluate<string>("document.activeElement.getAttribute('aria-label')"),
      /^service-020 calls service-041: /,
    );
  });

  it("fits a phone", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const view of ["#/topology", "#/services", "#/topology?focus=service-020"]) {
      await visit(page, view);
      await page.getByRole("heading", { level: 1 }).waitFor();
      assert.equal(await overflow(page), 0, view);
    }
  });
});
