// No proxy: what load generator and backend can do by themselves.
import type { Peer } from "../peer.ts";

export const direct: Peer = {
  name: "direct",
  shape: "direct",
  program: undefined,
  start: async ({ backendPort }) => backendPort,
};
