// The console as its users go about it: logging in, going from view to view, looking.
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { Role } from "../../plugin/console/view.ts";
import { openPage, type WatchedPage } from "./browser.ts";
import type { Mesh } from "./mesh.ts";

/** Chromium complains about every answer of 4xx: these belong to what the page does. */
const EXPECTED = /status of (?:400|401|412|422)/;

/** A page on which nobody has logged in. */
export async function openConsole(
  browser: Browser,
  mesh: Mesh,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const watched = await openPage(browser, mesh.consoleAddress, options, EXPECTED);
  await watched.page.goto("/");
  await watched.page.getByLabel("Token").waitFor();
  return watched;
}

export async function logIn(page: Page, mesh: Mesh, role: Role): Promise<void> {
  const tokens = await mesh.consoleTokens();
  await page.getByLabel("Token").fill(tokens[role]);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { level: 1, name: "Topology" }).waitFor();
}

/** By the links that users take. */
export async function goTo(page: Page, view: string): Promise<void> {
  await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: view }).click();
}

/** By address, as a bookmark does. */
export async function visit(page: Page, hash: string): Promise<void> {
  await page.goto(`/${hash}`);
}

/** Until a view has all that it asks the agent for. */
export async function untilShown(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.getByText("Asking the agent…").waitFor({ state: "detached" });
}

/** The row of a table whose text matches. */
export async function untilRow(page: Page, table: string, text: RegExp): Promise<string> {
  const row = page.getByRole("table", { name: table }).getByRole("row").filter({ hasText: text });
  await row.first().waitFor();
  return await row.first().innerText();
}

/** All views, a service's among them. */
export function everyView(service: string): readonly string[] {
  return [
    ...["#/topology", "#/services", `#/services/${service}`, `#/services/${service}/policy`],
    ...["#/workloads", "#/intentions", "#/tap", "#/problems", "#/codes"],
    `#/topology?service=${service}`,
  ];
}

/** px by which the page is wider than its window. */
export async function overflow(page: Page): Promise<number> {
  return await page.evaluate(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
}
