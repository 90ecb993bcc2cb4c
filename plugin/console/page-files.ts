// The page's files: those that lie in its folder when the agent starts, and nothing else, whatever a path looks like.
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { RequestHandler, Response } from "express";
import { PAGE_POLICY } from "./security-headers.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".txt": "text/plain; charset=utf-8",
};

/** A name that changes with its content, as bundlers write it: `page-4F7QK2ZC.js`. */
const HASHED = /-[A-Z0-9]{8}\.[a-z0-9.]+$/;
const FOREVER = "public, max-age=31536000, immutable";

interface PageFile {
  readonly file: string;
  readonly type: string;
  readonly isCompressed: boolean;
  readonly caching: string;
}

const MISSING = `<!doctype html>
<title>docker-mesh</title>
<p>The console's page is not part of this installation; its API is there.
`;

/** Answers GET and HEAD of the page at `/` and of the files below the folder; everything else is left to others. */
export async function pageFiles(folder: string): Promise<RequestHandler> {
  const files = await listFiles(folder);
  return async (request, response, next) => {
    const { path, method } = request;
    const found = files.get(path === "/" ? "/index.html" : path);
    if ((found === undefined && path !== "/") || (method !== "GET" && method !== "HEAD"))
      return next();
    response.set("content-security-policy", PAGE_POLICY);
    if (found === undefined) response.type("html").send(MISSING);
    else await sendFile(response, found, /\bgzip\b/.test(request.get("accept-encoding") ?? ""));
  };
}

async function sendFile(response: Response, found: PageFile, takesGzip: boolean): Promise<void> {
  const { file, type, caching, isCompressed } = found;
  response.set({ "content-type": type, "cache-control": caching });
  if (isCompressed) response.vary("accept-encoding");
  const compressed = isCompressed && takesGzip;
  if (compressed) response.set("content-encoding", "gzip");
  response.send(await readFile(compressed ? `${file}.gz` : file));
}

/** By the path that asks for it; nothing for a folder that is not there. */
async function listFiles(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const all = new Set(paths);
  const files = paths.flatMap((file): [string, PageFile][] => {
    const type = TYPES[extname(file)];
    if (type === undefined) return [];
    const caching = HASHED.test(file) ? FOREVER : "no-cache";
    const isCompressed = all.has(`${file}.gz`);
    return [[file.slice(folder.replace(/\/$/, "").length), { file, type, isCompressed, caching }]];
  });
  return new Map(files);
}
