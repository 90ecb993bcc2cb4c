// Pictures for the documentation, taken where a test has the page as readers should see it. Only when they are asked for: each
// run would change them a little.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { ROOT } from "../structure/source-files.ts";

const FOLDER = join(ROOT, "docs/console");

/** Writes `docs/console/<name>.png` where MESH_WRITE_PICTURES is set. */
export async function picture(page: Page, name: string): Promise<void> {
  if (!process.env["MESH_WRITE_PICTURES"]) return;
  await mkdir(FOLDER, { recursive: true });
  await page.mouse.move(0, 0);
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
}
