// Baselines of the platform: the shortest honest proxy on node:http, and the package that most people take.
import { join } from "node:path";
import type { Peer } from "../peer.ts";
import type { Site } from "../site.ts";

const PROGRAMS = join(import.meta.dirname, "programs");

async function start(site: Site, file: string): Promise<number> {
  const port = await site.port();
  const script = join(PROGRAMS, file);
  site.start([process.execPath, script, `${port}`, `${site.backendPort}`], {
    NODE_ENV: "production",
  });
  await site.accepting(port);
  return port;
}

export const nodeHttpHop: Peer = {
  name: "node:http hop",
  shape: "hop",
  program: undefined,
  start: (site) => start(site, "node-http-hop.ts"),
};

export const httpProxyMiddlewareHop: Peer = {
  name: "http-proxy-middleware hop",
  shape: "hop",
  program: undefined,
  start: (site) => start(site, "http-proxy-middleware-hop.ts"),
};
