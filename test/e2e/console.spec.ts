// The console in a real browser before a real mesh: what an operator sees, and what they can do.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import type { Browser, Page } from "playwright-core";
import { contrastFindings, structureFindings } from "../helpers/accessibility.ts";
import { openBrowser, type WatchedPage } from "../helpers/browser.ts";
import {
  everyView,
  goTo,
  logIn,
  openConsole,
  overflow,
  untilRow,
  untilShown,
  visit,
} from "../helpers/console-page.ts";
import { meshCommand } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh, Visitor } from "../helpers/mesh.ts";
import { callFrom, moodyService, setMood } from "../helpers/moody.ts";
import { picture } from "../helpers/picture.ts";
import { ComposeProject, echoService } from "../helpers/project.ts";
import { Shop } from "../helpers/shop.ts";

const PROJECT = "mesh-test-desk";
const ENABLED = { "mesh.enable": "true" };
const PHONE = { width: 390, height: 844 };

describe("the console", () => {
  let mesh: Mesh;
  let shop: Shop;
  let project: ComposeProject;
  let visitor: Visitor;
  let browser: Browser;
  /** An admin's page, which all tests but those of logging in share. */
  let desk: WatchedPage;
  let page: Page;

  before(async () => {
    mesh = await Mesh.start();
    shop = await Shop.up();
    project = await ComposeProject.up(PROJECT, {
      services: {
        caller: echoService(ENABLED),
        moody: moodyService({}, { deploy: { replicas: 2 } }),
        typo: echoService({ ...ENABLED, "mesh.prot": "http" }),
      },
    });
    await mesh.untilReady({
      ...shop.services,
      [`${PROJECT}-caller`]: 1,
      [`${PROJECT}-moody`]: 2,
    });
    visitor = new Visitor(async () => void (await shop.view()), 50);
    browser = await openBrowser();
    desk = await openConsole(browser, mesh);
    ({ page } = desk);
    await logIn(page, mesh, "admin");
  });

  after(async () => {
    await browser?.close();
    await visitor?.stop();
    await project?.[Symbol.asyncDispose]();
    await shop?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  afterEach("nothing is complained about", () => {
    assert.deepEqual(desk?.complaints, []);
  });

  const service = (name: string): string => `${shop.name}-${name}`;

  it("asks for a token, and refuses a wrong one", async () => {
    const { page: stranger, complaints } = await openConsole(browser, mesh);
    await stranger.getByLabel("Token").fill("not-the-token-at-all");
    await stranger.getByRole("button", { name: "Log in" }).click();
    await stranger.getByRole("alert").filter({ hasText: "not right" }).waitFor();
    assert.equal(await stranger.getByRole("navigation").count(), 0);
    assert.deepEqual(complaints, []);
    await stranger.context().close();
  });

  it("logs out for good", async () => {
    const { page: own } = await openConsole(browser, mesh);
    await logIn(own, mesh, "viewer");
    await own.getByRole("button", { name: "Log out" }).click();
    await own.getByLabel("Token").waitFor();
    await own.reload();
    await own.getByLabel("Token").waitFor();
    await own.context().close();
  });

  it("draws who calls whom, with rates, latencies and closed locks", async () => {
    await visit(page, "#/topology");
    for (const name of Object.keys(shop.services))
      await page.getByRole("link", { name: new RegExp(`^${name}: \\d`) }).waitFor();
    const calls = [
      ["web", "orders"],
      ["orders", "inventory"],
    ] as const;
    for (const [source, destination] of calls) {
      const pattern = new RegExp(
        `^${service(source)} calls ${service(destination)}: [\\d.k]+ requests a second, .* errors, p50 .* ms, p99 .*, mutual TLS$`,
      );
      await page.getByRole("link", { name: pattern }).waitFor();
    }
    await page
      .getByRole("link", { name: new RegExp(`^outside calls ${service("web")}: .* plaintext$`) })
      .waitFor();
    await picture(page, "topology");
  });

  it("opens the details of a call, and goes back", async () => {
    await visit(page, "#/topology");
    const call = `${service("web")} calls ${service("orders")}`;
    await page.getByRole("link", { name: new RegExp(`^${call}:`) }).click();
    const details = page.getByRole("region", { name: `${service("web")} → ${service("orders")}` });
    await details.getByText("mutual TLS, both identities verified").waitFor();
    assert.match(await details.innerText(), /Requests\s+[\d.]+\/s/);
    await page.goBack();
    await details.waitFor({ state: "detached" });
  });

  it("shows one service with its neighbours alone", async () => {
    await visit(page, "#/topology");
    await page.getByLabel("Service and its neighbours").fill(service("inventory"));
    await page.getByText(`${service("inventory")} and 1 neighbour.`).waitFor();
    assert.equal(
      await page.getByRole("link", { name: new RegExp(`^${service("web")}:`) }).count(),
      0,
    );
  });

  it("shows the certificate and the identity of each workload", async () => {
    await goTo(page, "Workloads");
    const row = await untilRow(page, "Workloads", new RegExp(`${service("orders")}-1`));
    assert.match(row, /spiffe:\/\/[^\s]+\/svc\/mesh-test-shop-orders/);
    assert.match(row, /expires in \d+ (?:d|h)/);
    assert.match(row, /ready/);
    assert.match(row, /\d MB/);
  });

  it("shows an endpoint that callers have ejected, and why", async () => {
    const [sick] = await project.containersOf("moody");
    const [caller] = await project.containersOf("caller");
    await setMood(String(sick), { fail: 1 });
    await visit(page, `#/services/${PROJECT}-moody`);
    await eventually(
      async () => {
        await callFrom(String(caller), "http://moody:8080/", 40);
        const row = page
          .getByRole("table", { name: "Endpoints" })
          .getByRole("row")
          .filter({ hasText: String(sick).slice(0, 12) });
        assert.match(await row.first().innerText(), /ejected[\s\S]*5xx/);
      },
      { timeout: 30_000 },
    );
    await picture(page, "endpoints");
    await setMood(String(sick), { fail: 0 });
  });

  it("names a wrong label and what to do about it", async () => {
    await goTo(page, "Problems");
    const problem = page.getByRole("listitem").filter({ hasText: `${PROJECT}-typo-1` });
    await problem.getByRole("link", { name: "LABEL_UNKNOWN" }).waitFor();
    assert.match(await problem.innerText(), /mesh\.port[\s\S]*What to do: use the name/);
    await problem.getByRole("link", { name: "LABEL_UNKNOWN" }).click();
    await page.getByText("a label begins with mesh. but is none of the mesh's").waitFor();
  });

  it("says that there are no intentions, and how to make one", async () => {
    await goTo(page, "Intentions");
    await page.getByText("There is no intention.").waitFor();
    await page.getByRole("link", { name: "Edit in Consul" }).waitFor();
  });

  it("leads to Consul's own page, behind the same login", async () => {
    const { page: own } = await openConsole(browser, mesh);
    await own.goto("/ui/");
    await own.getByLabel("Token").waitFor();
    await logIn(own, mesh, "viewer");
    await own.getByRole("link", { name: "Consul", exact: true }).click();
    await own.getByRole("link", { name: new RegExp(service("orders")) }).waitFor();
    await own.context().close();
  });

  it("shows requests as they happen, chosen by callee, and stands still when paused", async () => {
    await visit(page, `#/tap?service=${service("orders")}`);
    await untilRow(page, "Live requests", new RegExp(`${service("web")} → ${service("orders")}`));
    const table = page.getByRole("table", { name: "Live requests" });
    assert.doesNotMatch(await table.innerText(), new RegExp(`→ ${service("inventory")}`));
    await picture(page, "live");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText(/^Paused/).waitFor();
    const shown = await table.innerText();
    const { served } = visitor;
    await eventually(() => assert.ok(visitor.served > served + 20), { timeout: 15_000 });
    assert.equal(await table.innerText(), shown);
    await page.getByRole("button", { name: "Go on" }).click();
    await eventually(async () => assert.notEqual(await table.innerText(), shown));
  });

  it("says what is wrong with the choice of live requests", async () => {
    await visit(page, "#/tap?status=9xx");
    await page.getByRole("alert").filter({ hasText: "FILTER_INVALID" }).waitFor();
  });

  it("tells of a wrong value at its field, shows the difference, and stores what is right", async () => {
    const [moody] = await project.containersOf("moody");
    const [caller] = await project.containersOf("caller");
    await visit(page, `#/services/${PROJECT}-moody/policy`);
    await page.getByRole("button", { name: "Add a field" }).click();
    await page.getByLabel("Field", { exact: true }).fill("timeouts.request");
    const value = page.getByLabel("Value", { exact: true });
    await value.fill("soon");
    await page.getByRole("button", { name: "Store changes" }).click();
    await page
      .getByRole("alert")
      .filter({ hasText: /expected a duration.*soon/ })
      .waitFor();
    assert.equal(await value.getAttribute("aria-invalid"), "true");
    await value.fill("300ms");
    assert.equal(await value.getAttribute("aria-invalid"), "false");
    const changes = page.getByRole("list", { name: "Changes" });
    assert.match(await changes.innerText(), /timeouts\.request\s+will be\s+300ms/);
    await page.getByRole("button", { name: "Store changes" }).click();
    await page.getByText("Version 1 is stored and in force.").waitFor();
    await untilRow(page, "Policy in force", /timeouts\.request\s*300ms\s*stored policy/);
    for (const id of await project.containersOf("moody")) await setMood(id, { delay: 1_000 });
    await eventually(async () => {
      const [call] = await callFrom(String(caller), "http://moody:8080/", 1);
      assert.equal(call?.status, 504, String(moody));
    });
    for (const id of await project.containersOf("moody")) await setMood(id, { delay: 0 });
  });

  it("brings two people's changes of one policy together", async () => {
    await visit(page, "#/topology");
    await visit(page, `#/services/${PROJECT}-moody/policy`);
    await page.getByLabel("Value", { exact: true }).fill("400ms");
    await picture(page, "policy");
    await meshCommand("policy", "set", `${PROJECT}-moody`, "retries.attempts=3");
    await page
      .getByText("Version 2 has been stored meanwhile; you are editing version 1.")
      .waitFor();
    await page.getByRole("button", { name: "Store changes" }).click();
    const conflict = page.getByRole("alert").filter({ hasText: "Somebody else has stored" });
    assert.match(await conflict.innerText(), /retries\.attempts\s+will be\s+3/);
    await conflict.getByRole("button", { name: "Put my changes on top of version 2" }).click();
    await page.getByRole("button", { name: "Store changes" }).click();
    await page.getByText("Version 3 is stored and in force.").waitFor();
    await untilRow(page, "Policy in force", /timeouts\.request\s*400ms/);
    await untilRow(page, "Policy in force", /retries\.attempts\s*3/);
  });

  it("goes back to an earlier version", async () => {
    await page.getByText("Version 1", { exact: true }).click();
    await page.getByRole("button", { name: "Go back to version 1" }).click();
    await page.getByRole("heading", { name: "Stored policy, version 4" }).waitFor();
    await untilRow(page, "Policy in force", /timeouts\.request\s*300ms/);
    assert.equal(await page.getByLabel("Field", { exact: true }).count(), 1);
  });

  it("lets a viewer look at everything and change nothing", async () => {
    const { page: own, complaints } = await openConsole(browser, mesh);
    await logIn(own, mesh, "viewer");
    await visit(own, `#/services/${PROJECT}-moody/policy`);
    await untilRow(own, "Stored policy", /timeouts\.request\s*300ms/);
    const second = own.getByRole("group").filter({ hasText: "Version 2" });
    await second.getByText("Version 2", { exact: true }).click();
    await second.getByRole("list", { name: "Changes" }).getByText("retries.attempts").waitFor();
    for (const name of [/^Store/, /^Add/, /^Remove/, /^Go back/])
      assert.equal(await own.getByRole("button", { name }).count(), 0, String(name));
    assert.deepEqual(complaints, []);
    await own.context().close();
  });

  it("can be used with the keyboard alone, and shows where one is", async () => {
    const { page: own, complaints } = await openConsole(browser, mesh);
    const { admin } = await mesh.consoleTokens();
    await own.keyboard.press("Tab");
    await own.keyboard.type(admin);
    await own.keyboard.press("Enter");
    await own.getByRole("link", { name: new RegExp(`^${service("orders")}: `) }).waitFor();
    await own.keyboard.press("Tab");
    assert.equal(await focused(own), "Skip to the content");
    await own.keyboard.press("Enter");
    assert.equal(await focused(own), "Topology");
    for (
      let presses = 0;
      !(await focused(own)).startsWith(`${service("orders")}: `);
      presses += 1
    ) {
      assert.ok(presses < 30, `the focus is at ${await focused(own)}`);
      await own.keyboard.press("Tab");
    }
    const outline = await own.evaluate<string>(
      "getComputedStyle(document.activeElement.querySelector('rect')).strokeWidth",
    );
    assert.equal(outline, "3.5px");
    await own.keyboard.press("Enter");
    await own.getByRole("region", { name: service("orders") }).waitFor();
    assert.deepEqual(complaints, []);
    await own.context().close();
  });

  for (const theme of ["light", "dark"] as const) {
    it(`has names, headings and contrast for everything it shows, ${theme}`, async () => {
      await page.emulateMedia({ colorScheme: theme });
      for (const view of everyView(service("orders"))) {
        await visit(page, view);
        await untilShown(page);
        assert.deepEqual(await structureFindings(page), [], view);
        assert.deepEqual(await contrastFindings(page), [], view);
      }
    });
  }

  it("is light or dark as its reader chooses, and remembers", async () => {
    const theme = async (): Promise<string> =>
      await page.evaluate("getComputedStyle(document.documentElement).colorScheme");
    await page.emulateMedia({ colorScheme: "light" });
    const button = page.getByRole("button", { name: /^Colours/ });
    assert.equal(await theme(), "light");
    await button.click();
    await button.click();
    assert.equal(await theme(), "dark");
    await page.reload();
    await button.waitFor();
    assert.equal(await theme(), "dark");
    await button.click();
  });

  it("has no view that is wider than a phone", async () => {
    await page.setViewportSize(PHONE);
    for (const view of everyView(service("orders"))) {
      await visit(page, view);
      await untilShown(page);
      assert.equal(await overflow(page), 0, view);
    }
    await page.emulateMedia({ colorScheme: "dark" });
    await visit(page, "#/topology");
    await page.getByRole("link", { name: new RegExp(`^${service("web")}: `) }).waitFor();
    await picture(page, "phone");
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it("says when the agent is away, and asks for the token again once it is back", async () => {
    const { page: own } = await openConsole(browser, mesh);
    await logIn(own, mesh, "viewer");
    await page.context().close();
    await mesh.compose("stop", "--timeout", "2", "agent");
    await own.getByText("The connection to the agent is lost").waitFor();
    await own.getByRole("link", { name: new RegExp(`^${service("orders")}: `) }).waitFor();
    await mesh.compose("start", "agent");
    await own.getByLabel("Token").waitFor({ timeout: 60_000 });
    await logIn(own, mesh, "viewer");
  });
});

/** The name or the text of what has the focus. */
async function focused(page: Page): Promise<string> {
  return await page.evaluate(
    "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent",
  );
}
