// The two tokens by which people log in to the console: of those who may change things, and of those who may look. Where
// nobody gives them, the agent makes them once and keeps them in its state volume.
import { createHash, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { MeshError } from "../../mesh/errors.ts";
import type { ConsoleSettings } from "./console-settings.ts";
import type { Role } from "./view.ts";

/** Characters; what is shorter can be guessed. */
const SHORTEST = 16;

export interface ConsoleTokens {
  readonly admin: string;
  readonly viewer: string;
}

/** Throws CONFIGURATION_INVALID for a file that cannot be read and for a token that is none, or that both have. */
export async function openTokens(
  { tokenFile, viewerTokenFile }: Pick<ConsoleSettings, "tokenFile" | "viewerTokenFile">,
  directory: string,
): Promise<ConsoleTokens> {
  const kept = (name: string): string => join(directory, name);
  const admin = await openToken("MESH_CONSOLE_TOKEN_FILE", tokenFile, kept("console.token"));
  const viewer = await openToken(
    "MESH_CONSOLE_VIEWER_TOKEN_FILE",
    viewerTokenFile,
    kept("console-viewer.token"),
  );
  if (admin !== viewer) return { admin, viewer };
  throw new MeshError(
    "CONFIGURATION_INVALID",
    "MESH_CONSOLE_VIEWER_TOKEN_FILE: expected another token than the one of MESH_CONSOLE_TOKEN_FILE, got the same",
  );
}

/** Whose token it is; how long that takes says nothing about how much of it was right. */
export function roleOf({ admin, viewer }: ConsoleTokens, offered: string): Role | undefined {
  const isAdmin = isSame(offered, admin);
  const isViewer = isSame(offered, viewer);
  if (isAdmin) return "admin";
  return isViewer ? "viewer" : undefined;
}

/** Whether both texts are the same, in a time that says nothing about where they differ. */
export function isSame(offered: string, expected: string): boolean {
  return timingSafeEqual(digest(offered), digest(expected));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

async function openToken(
  variable: string,
  given: string | undefined,
  kept: string,
): Promise<string> {
  if (given !== undefined) return checkToken(variable, given, await read(variable, given));
  const known = await readFile(kept, "utf8").catch(ifAbsent);
  if (known !== undefined) return checkToken(variable, kept, known);
  const token = randomBytes(32).toString("base64url");
  return (await writeOnce(kept, token)) ? token : await openToken(variable, given, kept);
}

async function read(variable: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const message = `${variable}: expected a file that can be read at ${path}`;
    throw new MeshError("CONFIGURATION_INVALID", message, { cause });
  }
}

function ifAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}

/** The file's text without the newline at its end. */
function checkToken(variable: string, path: string, text: string): string {
  const token = text.trim();
  if (token.length >= SHORTEST && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new MeshError(
    "CONFIGURATION_INVALID",
    `${variable}: expected a token of at least ${SHORTEST} printable characters without blanks in ${path}; \`openssl rand -hex 32\` makes one`,
  );
}

/** All of it, for its owner alone, or nothing: false when somebody else was first. */
async function writeOnce(path: string, text: string): Promise<boolean> {
  await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
  const aside = `${path}.${randomUUID()}`;
  try {
    await using file = await open(aside, "wx", 0o600);
    await file.writeFile(`${text}\n`);
    await file.sync();
    await link(aside, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}
