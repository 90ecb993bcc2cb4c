// A throwaway prototype of the data plane, when somebody has one: a yardstick for what this engine can reach on Node.
// MESH_BENCH_PROTOTYPE is the path of its script, which takes --role, --port and --peer and reads certs/ beside itself.
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Peer, Program } from "../peer.ts";
import type { Site } from "../site.ts";

const PROTOTYPE: Program = {
  name: "docker-mesh-prototype",
  variable: "MESH_BENCH_PROTOTYPE",
  install: "MESH_BENCH_PROTOTYPE=<path of its script>",
  versionOption: "",
};

/** Copies the script next to the certificates that it expects: one leaf for both sides, for the name it asks for. */
async function settle(site: Site, program: string): Promise<string> {
  const { authority } = site.certificates;
  const { certificate, privateKey } = await authority.issue([{ type: 2, value: "mesh" }]);
  await mkdir(join(site.folder, "certs"));
  await site.write("certs/ca.pem", authority.root);
  await site.write("certs/a.pem", certificate);
  await site.write("certs/a.key", privateKey);
  const script = join(site.folder, "prototype.cjs");
  await copyFile(program, script);
  return script;
}

function start(site: Site, script: string, role: string, port: number, peer: number): void {
  site.start([process.execPath, script, `--role=${role}`, `--port=${port}`, `--peer=${peer}`]);
}

async function startHop(site: Site, program: string): Promise<number> {
  const script = await settle(site, program);
  const port = await site.port();
  start(site, script, "hop", port, site.backendPort);
  await site.accepting(port);
  return port;
}

async function startPair(
  site: Site,
  program: string,
  callerRole: string,
  calleeRole: string,
): Promise<number> {
  const script = await settle(site, program);
  const [port, tlsPort] = [await site.port(), await site.port()];
  start(site, script, calleeRole, tlsPort, site.backendPort);
  await site.accepting(tlsPort);
  start(site, script, callerRole, port, tlsPort);
  await site.accepting(port);
  return port;
}

export const prototypeHop: Peer = {
  name: "prototype hop",
  shape: "hop",
  program: PROTOTYPE,
  start: startHop,
};

export const prototypePair: Peer = {
  name: "prototype pair",
  shape: "pair",
  program: PROTOTYPE,
  start: (site, program) => startPair(site, program, "Amux", "Bmux"),
};

export const prototypePairHttp1: Peer = {
  name: "prototype h1 pair",
  shape: "pair",
  program: PROTOTYPE,
  start: (site, program) => startPair(site, program, "A1", "B1"),
};
