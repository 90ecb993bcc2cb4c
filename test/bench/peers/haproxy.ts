// HAProxy: one thread, connections to servers shared by all requests, x-forwarded-for added before the backend.
import { CALLEE_NAME } from "../certificate-files.ts";
import type { Peer, Program } from "../peer.ts";
import type { Site } from "../site.ts";

const HAPROXY: Program = {
  name: "haproxy",
  variable: "MESH_BENCH_HAPROXY",
  install: "apt-get install haproxy",
  versionOption: "-v",
};

/** Protocol between the members of a pair, as its ALPN id. */
type Between = "http/1.1" | "h2";

function configuration(bind: string, server: string, more = ""): string {
  return `
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 60s
  http-reuse always
  ${more}
frontend in
  bind ${bind}
  default_backend out
backend out
  server next ${server}
`;
}

async function start(site: Site, program: string, name: string, text: string): Promise<void> {
  site.start([program, "-db", "-f", await site.write(name, text)]);
}

async function startHop(site: Site, program: string): Promise<number> {
  const port = await site.port();
  const server = `127.0.0.1:${site.backendPort}`;
  await start(
    site,
    program,
    "hop",
    configuration(`127.0.0.1:${port}`, server, "option forwardfor"),
  );
  await site.accepting(port);
  return port;
}

async function startPair(site: Site, program: string, between: Between): Promise<number> {
  const { root, caller, callee } = site.certificates;
  const [port, tlsPort] = [await site.port(), await site.port()];
  const bind = `127.0.0.1:${tlsPort} ssl crt ${callee.combined} ca-file ${root} verify required`;
  const server =
    `127.0.0.1:${tlsPort} ssl crt ${caller.combined} ca-file ${root} verify required` +
    ` verifyhost ${CALLEE_NAME} sni str(${CALLEE_NAME})`;
  const tls = `ssl-min-ver TLSv1.3 alpn ${between}`;
  const inbound = configuration(
    `${bind} ${tls}`,
    `127.0.0.1:${site.backendPort}`,
    "option forwardfor",
  );
  await start(site, program, "callee", inbound);
  await start(site, program, "caller", configuration(`127.0.0.1:${port}`, `${server} ${tls}`));
  await site.accepting(tlsPort);
  await site.accepting(port);
  return port;
}

export const haproxyHop: Peer = {
  name: "haproxy hop",
  shape: "hop",
  program: HAPROXY,
  start: startHop,
};

export const haproxyPairHttp1: Peer = {
  name: "haproxy h1 pair",
  shape: "pair",
  program: HAPROXY,
  start: (site, program) => startPair(site, program, "http/1.1"),
};

export const haproxyPairHttp2: Peer = {
  name: "haproxy h2 pair",
  shape: "pair",
  program: HAPROXY,
  start: (site, program) => startPair(site, program, "h2"),
};
