// The one table of labels: the parser, its error messages and docs/labels.md all come from it. A new label is a row
// here, a field in `parse.ts`, and golden cases in test/golden/labels/.
import { EXPECTED_EGRESS } from "./egress.ts";
import { EXPECTED_PROTOCOL } from "./values.ts";

export interface Label {
  readonly name: LabelName;
  /** The values it takes, as the reference page prints them. */
  readonly values: string;
  /** What an error message says was expected: completes "expected …". */
  readonly expected: string;
  /** What holds when the label is absent, as text for people. */
  readonly fallback: string;
  /** Longest accepted value, in characters. */
  readonly maximumLength: number;
  /** Where the label may stand. */
  readonly where: string;
  readonly meaning: string;
  /** A line of YAML as it stands under `labels:`. */
  readonly example: string;
}

/** Every label under this prefix is ours; one that is not in the table is an error. */
export const LABEL_PREFIX = "mesh.";

export const LABEL_NAMES = [
  "mesh.enable",
  "mesh.service",
  "mesh.port",
  "mesh.ports",
  "mesh.protocol",
  "mesh.mtls",
  "mesh.intercept",
  "mesh.egress",
  "mesh.network",
  "mesh.upstreams",
  "mesh.version",
  "mesh.weight",
  "mesh.check",
  "mesh.hold",
  "mesh.sidecar",
  "mesh.gateway",
  "mesh.gateway.trusted-proxies",
] as const;

export type LabelName = (typeof LABEL_NAMES)[number];

const VALUE_LENGTH = 256;
const LIST_LENGTH = 1024;
const HOSTS_LENGTH = 4096;
const CONTAINER =
  "container label (`services.<name>.labels` in a compose or stack file, `docker run --label`)";
const EITHER = `${CONTAINER}, or label of its Swarm service (\`deploy.labels\`)`;

/** The labels in the order of the reference page. */
export const LABELS: readonly Label[] = [
  {
    name: "mesh.enable",
    values: "`true` | `false`",
    expected: "true or false",
    fallback: "none: a container with other `mesh.*` labels must say it",
    maximumLength: VALUE_LENGTH,
    where: EITHER,
    meaning:
      "Makes the container a workload of the mesh: it gets a sidecar, an identity and a place in the catalog. " +
      "With `false` the container is left alone and its other labels are not read.",
    example: 'mesh.enable: "true"',
  },
  {
    name: "mesh.service",
    values: "a DNS label: 1–63 of `a-z`, `0-9` and `-`, no `-` at either end",
    expected:
      'a service name of 1 to 63 lower-case letters, digits or "-", with no "-" at either end',
    fallback: "`<project>-<service>` of the compose project or stack",
    maximumLength: VALUE_LENGTH,
    where: EITHER,
    meaning:
      "The service's name in the catalog, in its certificate and for its callers everywhere. " +
      "Containers with the same name are copies of one service.",
    example: "mesh.service: shop-orders",
  },
  {
    name: "mesh.port",
    values: "1–65535",
    expected: "a port from 1 to 65535",
    fallback: "the only port that the image exposes",
    maximumLength: VALUE_LENGTH,
    where: EITHER,
    meaning:
      "The port on which the application listens, which is also the one callers dial. Excludes `mesh.ports`.",
    example: 'mesh.port: "8080"',
  },
  {
    name: "mesh.ports",
    values: "`name:port[/protocol]`, comma-separated",
    expected: "name:port/protocol entries separated by commas",
    fallback: "the one port of `mesh.port`",
    maximumLength: LIST_LENGTH,
    where: EITHER,
    meaning:
      "Several ports of one service. Names are DNS labels that begin with a letter; names and ports are unique; an entry without a protocol " +
      "has that of `mesh.protocol`. The first is the service's main port. Excludes `mesh.port`.",
    example: "mesh.ports: web:8080, calls:9000/grpc, feed:7000/tcp",
  },
  {
    name: "mesh.protocol",
    values: "`http` | `http2` | `grpc` | `tcp` | `auto`",
    expected: EXPECTED_PROTOCOL,
    fallback: "`http`",
    maximumLength: VALUE_LENGTH,
    where: EITHER,
    meaning:
      "How bytes on the service's ports are understood. `http`: the application speaks HTTP/1.1, its callers that or HTTP/2 " +
      "without being asked (prior knowledge). `http2`: the application speaks HTTP/2 without TLS (h2c). `grpc`: the same, under " +
      "the name of what uses it. These are balanced by request. `tcp`: anything else, balanced by connection. " +
      "`auto`: the first bytes of each connection decide, HTTP/1.1 and HTTP/2 by request, all else by connection. A caller that " +
      "sends nothing for 100 ms may be waiting for the application to speak first: the connection is then carried on to it, " +
      "and what the caller sends before the application has spoken still decides. Say `tcp` where the application always speaks " +
      "first (MySQL, SMTP): it saves these 100 ms.",
    example: "mesh.protocol: grpc",
  },
  {
    name: "mesh.mtls",
    values: "`strict` | `permissive`",
    expected: "strict or permissive",
    fallback: "`permissive`",
    maximumLength: VALUE_LENGTH,
    where: EITHER,
    meaning:
      "What happens to plaintext from outside the mesh: `strict` refuses it, `permissive` accepts it without identity, " +
      "so that a published port goes on working. Calls between sidecars are always mutual TLS. " +
      "`strict` needs `mesh.intercept: on`.",
    example: "mesh.mtls: strict",
  },
  {
    name: "mesh.intercept",
    values: "`on` | `off`",
    expected: "on or off",
    fallback: "`on`",
    maximumLength: VALUE_LENGTH,
    where: EITHER,
    meaning:
      "Whether connections to the application's ports are redirected to the sidecar. With `off`, callers outside the " +
      "mesh reach the application directly, calls to services on a port that the application listens on itself go " +
      "around the mesh (the status says so), and so do calls to its own name.",
    example: 'mesh.intercept: "off"',
  },
  {
    name: "mesh.egress",
    values:
      "`allow` | `deny` | outside hosts, comma-separated: `name[:port]`, `*.name[:port]`, `address[/prefix][:port]`",
    expected: EXPECTED_EGRESS,
    fallback: "`allow`",
    maximumLength: HOSTS_LENGTH,
    where: EITHER,
    meaning:
      "Whom the application may call outside its Docker networks. `deny`: nobody. With a list, the hosts in it: names by TLS " +
      "(SNI) and HTTP, on ports 443 and 80 where no port is given, `*.` standing for one or more labels; addresses by any " +
      "protocol, on every port where none is given. All else is refused at once. Containers on the same networks are not " +
      "outside. The application waits for its sidecar, as with `mesh.hold`. Needs `mesh.intercept: on` and `mesh.sidecar: agent`. " +
      "See [egress.md](egress.md).",
    example: 'mesh.egress: "api.example.com, *.example.org:8443, 203.0.113.0/24:5432"',
  },
  {
    name: "mesh.network",
    values: "a Docker network's name",
    expected:
      'a network name of letters, digits, "_", "." or "-", beginning with a letter or digit',
    fallback: "the first by name of the container's networks",
    maximumLength: VALUE_LENGTH,
    where: EITHER,
    meaning:
      "The network whose address the catalog shows first, by its full name (`shop_backend`) or by the name in the " +
      "compose file (`backend`). Callers use any network that they share with the workload.",
    example: "mesh.network: backend",
  },
  {
    name: "mesh.upstreams",
    values: "service names, comma-separated; or empty",
    expected: "service names separated by commas, or nothing at all",
    fallback: "every service that shares a network with the workload",
    maximumLength: LIST_LENGTH,
    where: EITHER,
    meaning:
      "The services this workload calls, by catalog name or by the short name within its project. " +
      "An empty value means that it calls nobody.",
    example: "mesh.upstreams: inventory, redis",
  },
  {
    name: "mesh.version",
    values: "1–64 of `A-Z`, `a-z`, `0-9`, `.`, `_` and `-`",
    expected: 'a version of 1 to 64 letters, digits, ".", "_" or "-"',
    fallback: "none",
    maximumLength: VALUE_LENGTH,
    where: EITHER,
    meaning:
      "The version of the workload, shown in the catalog and in `docker mesh status`, and what `mesh.split` and routes " +
      "choose by.",
    example: "mesh.version: 2.4.1",
  },
  {
    name: "mesh.weight",
    values: "1–1000",
    expected: "a whole number from 1 to 1000",
    fallback: "`1`",
    maximumLength: VALUE_LENGTH,
    where: EITHER,
    meaning:
      "The workload's share of its service's load beside the other copies: one with 3 gets three times the requests of one with 1.",
    example: 'mesh.weight: "3"',
  },
  {
    name: "mesh.check",
    values: "an absolute path | `tcp` | `grpc` | `grpc:<service>` | `none`",
    expected: "an absolute path such as /health, tcp, grpc, grpc:<service>, or none",
    fallback: "`tcp`",
    maximumLength: VALUE_LENGTH,
    where: EITHER,
    meaning:
      "How the sidecar asks the application whether it works: with a path by an HTTP/1.1 request that must answer 2xx or 3xx " +
      "on the ports of protocol `http` and `auto`, and by connecting on the others, " +
      "with `tcp` by connecting, with `grpc` by the standard health service (`grpc.health.v1.Health`), asked about the server " +
      "or about the service named, on the ports of protocol `grpc`, `http2` and `auto`, and by connecting on the others, " +
      "with `none` not at all. Docker's HEALTHCHECK counts besides. How often is `mesh.check.interval`.",
    example: "mesh.check: /health",
  },
  {
    name: "mesh.hold",
    values: "`true` | `false`",
    expected: "true or false",
    fallback: "`false`",
    maximumLength: VALUE_LENGTH,
    where: CONTAINER,
    meaning:
      "Whether the application waits for its sidecar: with `true` the agent pauses the container as soon as it has started and " +
      "lets it run when its sidecar is at work, after 30 s in any case. Without an agent it starts as if the label were not " +
      "there. What the application may have done before it was paused, and what else to know, stands in " +
      "[operations.md](operations.md#holding-an-application-until-its-sidecar-is-ready).",
    example: 'mesh.hold: "true"',
  },
  {
    name: "mesh.sidecar",
    values: "`agent` | `explicit`",
    expected: "agent or explicit",
    fallback: "`agent`",
    maximumLength: VALUE_LENGTH,
    where: CONTAINER,
    meaning:
      "Who makes the container's sidecar: the agent, or you, with a service of its own in the compose file. " +
      "`docker mesh inject` writes such services, and this label ([inject.md](inject.md)).",
    example: "mesh.sidecar: explicit",
  },
  {
    name: "mesh.gateway",
    values: "`http:<port>` | `https:<port>`, comma-separated",
    expected:
      "http:<port>, https:<port> or both separated by a comma, which makes the container itself a gateway (mesh.gateway.host publishes a service)",
    fallback: "none: the workload is no gateway",
    maximumLength: VALUE_LENGTH,
    where: CONTAINER,
    meaning:
      "Makes the container a gateway: its sidecar listens for clients outside the mesh on these ports, which are also those that are " +
      "published, and leads them to the services that `mesh.gateway.host` publishes ([gateway.md](gateway.md)). Its program only has to wait.",
    example: "mesh.gateway: http:80,https:443",
  },
  {
    name: "mesh.gateway.trusted-proxies",
    values: "addresses and networks, comma-separated",
    expected: "IP addresses or networks such as 192.0.2.7 or 2001:db8::/32, separated by commas",
    fallback: "none",
    maximumLength: LIST_LENGTH,
    where: CONTAINER,
    meaning:
      "Of a gateway: the proxies before it whose `x-forwarded-for`, `-proto`, `-host` and `-port` are believed and go on. Those of all other clients are replaced.",
    example: "mesh.gateway.trusted-proxies: 192.0.2.7, 198.51.100.0/24",
  },
];
