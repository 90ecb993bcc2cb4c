// What `npm start` chose, as the `.env` file beside a compose file: so that `docker compose -f … up -d`, typed by hand
// later, means the same images and settings. A file that somebody else wrote is left alone.
import { readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeWhole } from "../packages/fetch.ts";

const HEAD = "# Written by `npm start`, removed by `npm stop`.\n";

/** Writes the variables for a compose file, unless a file of somebody else's is there. */
export async function writeEnvironmentFile(
  composeFile: string,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const path = environmentFile(composeFile);
  const present = await readFile(path, "utf8").catch(() => HEAD);
  if (!present.startsWith(HEAD)) return;
  const lines = Object.entries(environment).map(([name, value]) => `${name}=${quote(value)}\n`);
  await writeWhole(path, HEAD + lines.toSorted().join(""));
}

/** Takes the file away again if it is ours. */
export async function removeEnvironmentFile(composeFile: string): Promise<void> {
  const path = environmentFile(composeFile);
  const present = await readFile(path, "utf8").catch(() => "");
  if (present.startsWith(HEAD)) await rm(path, { force: true });
}

function environmentFile(composeFile: string): string {
  return join(dirname(composeFile), ".env");
}

/** Single quotes keep Compose from expanding anything. */
function quote(value: string): string {
  return `'${value.replaceAll("'", "\\'")}'`;
}
