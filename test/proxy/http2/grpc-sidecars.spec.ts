import { dialOf, inboundPort, outboundService, SidecarRig } from "../../helpers/sidecar-rig.ts";
import { carriesGrpc } from "./grpc-conformance.ts";

describe("gRPC through sidecars", () => {
  carriesGrpc(async () => {
    const rig = await SidecarRig.create();
    return {
      open: async (ports) => {
        const tlsPorts = await Promise.all(ports.map((port) => startCallee(rig, port)));
        const caller = await rig.sidecar("shop-web");
        const outbound = await outboundService("shop-orders", tlsPorts, {
          ...{ protocol: "grpc", policy: { "balance.algorithm": "round-robin" } },
        });
        await caller.configure({ outbound: [outbound] });
        const { host, port } = dialOf(outbound);
        return `${host}:${port}`;
      },
      close: async () => rig[Symbol.asyncDispose](),
    };
  });
});

/** A sidecar before an application; returns the port it listens on for others. */
async function startCallee(rig: SidecarRig, applicationPort: number): Promise<number> {
  const callee = await rig.sidecar("shop-orders");
  const inbound = await inboundPort(applicationPort, { protocol: "grpc" });
  await callee.configure({ inbound: [inbound] });
  return inbound.tlsPort;
}
