// One callee and several callers, each with a sidecar of its own, for tests about who may do what.
import { type Log, silentLog } from "../../mesh/log.ts";
import type { Protocol } from "../../mesh/model.ts";
import type { InboundPort } from "../../proxy/configuration/snapshot.ts";
import { freePort } from "./free-port.ts";
import {
  dialOf,
  inboundPort,
  outboundService,
  type SidecarRig,
  type TestSidecar,
} from "./sidecar-rig.ts";

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface Callers {
  readonly callee: TestSidecar;
  readonly inbound: InboundPort;
  /** Where the application of shop-web, and of shop-api, dials shop-orders. */
  readonly web: Place;
  readonly api: Place;
  /** Where anybody dials it from outside the mesh. */
  readonly outside: Place;
}

export async function connectCallers(
  rig: SidecarRig,
  applicationPort: number,
  protocol: Protocol = "http",
  log: Log = silentLog,
): Promise<Callers> {
  const callee = await rig.sidecar("shop-orders", { log });
  const plaintextPort = await freePort("0.0.0.0");
  const inbound = await inboundPort(applicationPort, { protocol, plaintextPort });
  await callee.configure({ inbound: [inbound] });
  const [web, api] = await Promise.all([
    callFrom(rig, "shop-web", "127.64.0.10", inbound, protocol),
    callFrom(rig, "shop-api", "127.64.0.11", inbound, protocol),
  ]);
  return { callee, inbound, web, api, outside: { host: "127.0.0.1", port: plaintextPort } };
}

async function callFrom(
  rig: SidecarRig,
  caller: string,
  address: string,
  { tlsPort }: InboundPort,
  protocol: Protocol,
): Promise<Place> {
  const sidecar = await rig.sidecar(caller);
  const outbound = await outboundService("shop-orders", [tlsPort], { address, protocol });
  await sidecar.configure({ outbound: [outbound] });
  return dialOf(outbound);
}
