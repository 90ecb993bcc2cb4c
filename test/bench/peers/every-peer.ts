// Everything that `npm run bench` knows to measure, in the order of its tables.
import type { Peer } from "../peer.ts";
import { direct } from "./direct.ts";
import { haproxyHop, haproxyPairHttp1, haproxyPairHttp2 } from "./haproxy.ts";
import { meshHop, meshPair, meshPairHttp1 } from "./mesh.ts";

export const EVERY_PEER: readonly Peer[] = [
  direct,
  meshHop,
  haproxyHop,
  meshPair,
  meshPairHttp1,
  haproxyPairHttp1,
  haproxyPairHttp2,
];
