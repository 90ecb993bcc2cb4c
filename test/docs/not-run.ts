// The commands of the documentation that no test runs from its page, and why: the one list of them. A block is named by its
// first line. pages.spec.ts fails when a block is gone, or when one that is not run does not stand here.

const SWARM = "needs a swarm: test/swarm deploys the same stack files";
const PULL =
  "pulls an image, and tests go without a registry: others of them run the same file with images of theirs";
const MACHINE = "sets up a whole machine, as `npm test` itself does";
const PERSON = "waits for a person at an editor or a browser";
const LONG = "measures for minutes";
const OTHERS = "names a machine or a file that each reader has under another name";
const DONE = "ends the mesh that all pages on the demo share: tutorial.md runs it";

export interface NotRun {
  readonly page: string;
  readonly block: string;
  readonly reason: string;
}

export const NOT_RUN: readonly NotRun[] = [
  ...of("README.md", MACHINE, "npm start"),
  ...of("README.md", DONE, "docker mesh down"),
  ...of("docs/release.md", LONG, "npm run release"),
  ...of("docs/labels.md", SWARM, "docker service update --label-add mesh.weight=5 shop_orders"),
  ...of(
    "docs/gateway.md",
    SWARM,
    "MESH_GATEWAY_NETWORK=shop_default docker stack deploy -c compose/stack-gateway.yaml mesh-gateway",
    "docker secret create own.crt own.crt",
  ),
  ...of(
    "docs/local-swarm.md",
    MACHINE,
    "npm run swarm -- up 3                # one manager, two workers",
    "export DOCKER_HOST=unix:///var/lib/docker-mesh-swarm/node-1/run/docker.sock",
  ),
  ...of(
    "docs/metrics.md",
    PULL,
    "docker compose -f compose/mesh.yaml -f compose/observability.yaml up -d",
  ),
  ...of(
    "docs/metrics.md",
    SWARM,
    "docker stack deploy -c compose/stack.yaml -c compose/stack-observability.yaml mesh",
  ),
  ...of(
    "docs/operations.md",
    DONE,
    "docker mesh up            # Consul and the agent, by Docker Compose",
  ),
  ...of(
    "docs/operations.md",
    OTHERS,
    'curl --cacert ca.crt -H "Authorization: Bearer $(cat api.token)" https://node.example:8400/v1/status',
  ),
  ...of(
    "docs/performance.md",
    LONG,
    "npm run bench                                    # everything, about half an hour",
    'npm run bench -- --quick --only "mesh hop" --node="--cpu-prof --cpu-prof-dir=/tmp/profiles"',
    'npm run bench -- --quick --repeats 1 --seconds 10 --only "mesh hop" --node=--perf-basic-prof &',
    "git worktree add /tmp/before HEAD~1",
  ),
  ...of(
    "docs/policy.md",
    PERSON,
    "docker mesh policy edit shop-orders                # as JSON, in $VISUAL or $EDITOR",
  ),
  ...of(
    "docs/reliability.md",
    LONG,
    "npm run reliability                     # everything, about half an hour; prints the tables, fails when more fails than may",
  ),
  ...of(
    "docs/swarm.md",
    SWARM,
    "docker mesh up --swarm",
    "docker mesh down --swarm     # on every node applications go on without the mesh, then its stack goes",
    "openssl rand -base64 32 | docker secret create mesh-gossip-key -",
    "docker stack deploy -c stack.yaml shop",
    "ssh -L 8500:/var/lib/docker/volumes/mesh_consul-api/_data/http.sock root@any-node     # then http://localhost:8500/ui",
    "docker stack deploy -c compose/stack.yaml mesh",
  ),
  ...of(
    "docs/tracing.md",
    PULL,
    "docker compose -f compose/mesh.yaml -f compose/tracing.yaml up -d",
  ),
  ...of(
    "docs/tracing.md",
    OTHERS,
    "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 docker compose -f compose/mesh.yaml up -d",
  ),
  ...of(
    "docs/tracing.md",
    LONG,
    'npm run bench -- --quick --only "mesh pair,mesh observed pair" --parts traffic --repeats 9',
  ),
  ...of("docs/install.md", DONE, "docker mesh down"),
  ...of("docs/tutorial.md", MACHINE, "npm start"),
  ...of(
    "docs/upgrade.md",
    SWARM,
    "MESH_IMAGE=docker-mesh/mesh:0.2.0 docker mesh up --swarm",
    "docker service rollback mesh_agent",
  ),
];

function of(page: string, reason: string, ...blocks: readonly string[]): readonly NotRun[] {
  return blocks.map((block) => ({ page, block, reason }));
}
