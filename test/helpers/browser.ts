// A real browser as tests use it: one process, pages of their own, and everything it complains about.
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { provided } from "./docker.ts";

/** ms that a page may take to show something. */
const PATIENCE = 15_000;

export async function openBrowser(): Promise<Browser> {
  // Chromium's own sandbox does not work for root.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return await chromium.launch({ executablePath: provided("MESH_TEST_BROWSER"), args });
}

/** A page with a session of its own, and what went wrong on it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of scripts, refusals of the content security policy, requests to elsewhere. */
  readonly complaints: readonly string[];
}

/** `expected`: complaints that belong to the test, such as the status of an answer. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
  expected: RegExp = /$^/,
): Promise<WatchedPage> {
  const context = await browser.newContext({
    ...{ baseURL: address, viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" },
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complaints: string[] = [];
  const complain = (text: string): void => {
    if (!expected.test(text)) complaints.push(text);
  };
  page.on("pageerror", (error) => complain(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complain(message.text());
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !url.startsWith("data:")) complain(`asked for ${url}`);
  });
  return { page, complaints };
}
