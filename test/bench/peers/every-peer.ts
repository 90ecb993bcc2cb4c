// Everything that `npm run bench` knows to measure, in the order of its tables.
import type { Peer } from "../peer.ts";
import { caddyHop, caddyPair } from "./caddy.ts";
import { direct } from "./direct.ts";
import { envoyHop, envoyPair } from "./envoy.ts";
import { haproxyHop, haproxyPairHttp1, haproxyPairHttp2 } from "./haproxy.ts";
import { meshHop, meshPair, meshPairHttp1, meshPairObserved, otherHop, otherPair } from "./mesh.ts";
import { nginxHop, nginxPair } from "./nginx.ts";
import { httpProxyMiddlewareHop, nodeHttpHop } from "./node-http.ts";
import { prototypeHop, prototypePair, prototypePairHttp1 } from "./prototype.ts";

export const EVERY_PEER: readonly Peer[] = [
  direct,
  meshHop,
  otherHop,
  prototypeHop,
  haproxyHop,
  nginxHop,
  envoyHop,
  caddyHop,
  nodeHttpHop,
  httpProxyMiddlewareHop,
  meshPair,
  otherPair,
  prototypePair,
  haproxyPairHttp2,
  envoyPair,
  caddyPair,
  meshPairObserved,
  meshPairHttp1,
  prototypePairHttp1,
  haproxyPairHttp1,
  nginxPair,
];
