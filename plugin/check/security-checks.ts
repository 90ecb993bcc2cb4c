// The security of a node's mesh, judged. Pure. What docs/security.md says in general is looked at here in particular.
import { formatDuration } from "../../mesh/duration.ts";
import { type Check, failed, fine, warning } from "./check.ts";
import { consulChecks } from "./consul-security.ts";
import type { MeshContainer, SecurityFindings, ServiceAccess } from "./security-findings.ts";
import { exposedPorts, namesOf } from "./security-words.ts";

/** A key that is lost can be used for so long, ms. */
const LONG_LIFE = 73 * 3_600_000;
const API_DIRECTORY = "/run/docker-mesh";

export function securityChecks(findings: SecurityFindings): Check[] {
  return [
    engine(findings),
    ...holders(findings),
    launcher(findings),
    console(findings),
    api(findings),
    metrics(findings),
    sidecars(findings),
    images(findings),
    plaintext(findings.services),
    access(findings.services),
    certificates(findings),
    keys(findings),
    ...consulChecks(findings),
  ];
}

function engine({ securityOptions, engineWarnings }: SecurityFindings): Check {
  const has = (name: string): boolean =>
    securityOptions.some((option) => option.split(",")[0] === `name=${name}`);
  const open = engineWarnings.find((text) => /API is accessible on/i.test(text));
  if (open !== undefined)
    return failed(
      "engine",
      `the engine's API is open on a network: ${open}`,
      "let it listen on its socket alone, or with client certificates (dockerd --tlsverify)",
    );
  if (!has("seccomp"))
    return warning(
      "engine",
      "containers run without seccomp",
      "use an engine and a kernel that have it",
    );
  const kind = ["rootless", "userns"].find(has);
  return fine("engine", kind === undefined ? "root on its node, with seccomp" : `${kind}, seccomp`);
}

function holders({ holders: all }: SecurityFindings): Check[] {
  const isWrong = ({ role, isReachable }: (typeof all)[number]): boolean =>
    role !== "" && role !== "launcher" && isReachable;
  const wrong = all.filter(isWrong);
  const others = all.filter(({ role }) => role === "");
  const first =
    wrong.length > 0
      ? failed(
          "socket",
          `${namesOf(wrong)} listens on a network and holds the engine's socket, which is root on the node`,
          "`docker mesh up` of this version separates the two, with --swarm on a swarm",
        )
      : fine("socket", "nothing of the mesh that listens on a network holds the engine's socket");
  if (others.length === 0) return [first];
  const found = `${namesOf(others)} of somebody else's ${others.length === 1 ? "holds" : "hold"} the engine's socket, too`;
  return [
    first,
    warning("socket", found, "see that each has to: whoever controls it has the node"),
  ];
}

function launcher({ containers }: SecurityFindings): Check {
  const found = containers.filter(({ role }) => role === "launcher");
  if (found.length === 0)
    return warning(
      "launcher",
      "there is none: the agent asks the engine itself, or through a proxy",
      "a proxy that looks at paths alone lets create any container (docs/security.md)",
    );
  const reachable = found.filter(({ isReachable }) => isReachable);
  if (reachable.length > 0)
    return failed(
      "launcher",
      `${namesOf(reachable)} is on a network`,
      "give it network_mode: none as compose/mesh.yaml does, on a swarm an internal network of its own as compose/stack.yaml does",
    );
  return weaknesses("launcher", found, "holds the socket, has no network, makes sidecars alone");
}

function console({ console: open, containers }: SecurityFindings): Check {
  if (open === undefined) return fine("console", "there is none");
  const exposed = exposedPorts(agentsOf(containers), open.port);
  const where = exposed.length === 0 ? "this machine alone" : exposed.join(", ");
  if (open.isSecure || exposed.length === 0)
    return fine(
      "console",
      `asks for a token, published for ${where}${open.isSecure ? ", over TLS" : ""}`,
    );
  return failed(
    "console",
    `its tokens cross the network in plaintext: published on ${where}`,
    "publish it on 127.0.0.1, or give it a certificate (MESH_CONSOLE_TLS_CERT, docs/console.md)",
  );
}

function api({ containers }: SecurityFindings): Check {
  const agents = agentsOf(containers);
  const shared = agents.filter(({ mountedAt }) => mountedAt.includes(API_DIRECTORY));
  const listening = agents.filter(({ environment }) => Boolean(environment["MESH_API_LISTEN"]));
  if (shared.length > 0)
    return warning(
      "api",
      `others may mount the folder of the socket of ${namesOf(shared)}, which changes policies without a token`,
      "let nobody mount it who may not change every policy",
    );
  const found = "a socket in the agent's own container, for root there (0600)";
  return fine("api", listening.length === 0 ? found : `${found}; over TCP with TLS and a token`);
}

function metrics({ containers }: SecurityFindings): Check {
  const open = agentsOf(containers).flatMap((agent) => {
    const port = Number(agent.environment["MESH_METRICS_LISTEN"]?.split(":").at(-1) || 0);
    return port === 0 ? [] : exposedPorts([agent], port);
  });
  return open.length === 0
    ? fine("metrics", "not published")
    : warning(
        "metrics",
        `published in plaintext on ${open.join(", ")}: who reaches that learns who calls whom`,
        "let Prometheus reach them over a Docker network instead",
      );
}

function sidecars({ containers }: SecurityFindings): Check {
  const found = containers.filter(({ role }) => role === "sidecar");
  if (found.length === 0) return fine("sidecars", "none runs here");
  const count = found.length === 1 ? "1 has" : `${found.length} have`;
  return weaknesses(
    "sidecars",
    found,
    `${count} no capabilities, no new privileges and a read-only root`,
  );
}

/** Explicit sidecars cannot have a read-only root: docs/inject.md. */
function weaknesses(name: string, containers: readonly MeshContainer[], good: string): Check {
  const weak = containers.flatMap((container) => {
    const reasons = [
      ...(container.isPrivileged ? ["privileged"] : []),
      ...(container.addedCapabilities.length > 0
        ? [`capabilities ${container.addedCapabilities.join(", ")}`]
        : []),
      ...(container.droppedCapabilities.includes("ALL") ? [] : ["capabilities that were left"]),
      ...(container.gainsNoPrivileges || hasNone(container)
        ? []
        : ["new privileges by set-uid programs"]),
      ...(container.isReadOnly ? [] : ["a root that can be written"]),
    ];
    return reasons.length === 0 ? [] : [`${container.container} (${reasons.join("; ")})`];
  });
  if (weak.length === 0) return fine(name, good);
  const cure = "make it anew as the mesh does; one of a compose file: `docker mesh inject`";
  return warning(name, `with more than it needs: ${weak.join(", ")}`, cure);
}

/** What was dropped cannot be gained either: it counts for whatever the container runs. */
function hasNone({ addedCapabilities, droppedCapabilities }: MeshContainer): boolean {
  return droppedCapabilities.includes("ALL") && addedCapabilities.length === 0;
}

function images({ containers }: SecurityFindings): Check {
  const own = containers.filter(({ role }) => role === "agent" || role === "launcher");
  const loose = [...new Set(own.map(({ image }) => image))].filter(
    (image) => !/@sha256:[0-9a-f]{64}$|^sha256:/.test(image),
  );
  return loose.length === 0
    ? fine("images", "named by digest")
    : warning(
        "images",
        `${loose.join(", ")}: a tag, which can mean another image tomorrow`,
        "name it by digest: MESH_IMAGE=…@sha256:… (sidecars run the very image of their agent)",
      );
}

function plaintext(services: readonly ServiceAccess[]): Check {
  const open = services.filter(({ takesPlaintext }) => takesPlaintext);
  return open.length === 0
    ? fine("plaintext", "no service here takes any from outside the mesh")
    : warning(
        "plaintext",
        `taken from outside the mesh, without an identity: ${open.map(({ service }) => service).join(", ")}`,
        "label those strict that nobody outside calls: mesh.mtls=strict",
      );
}

function access(services: readonly ServiceAccess[]): Check {
  const open = services.filter(({ isOpen }) => isOpen);
  return open.length === 0
    ? fine("access", "no service here may be called by just any other")
    : warning(
        "access",
        `every service of the mesh may call ${open.map(({ service }) => service).join(", ")}`,
        "say who may: mesh.allow, intentions, or `docker mesh policy set '*' default-action=deny`",
      );
}

function certificates({ lifetimes }: SecurityFindings): Check {
  const longest = Math.max(0, ...lifetimes);
  if (longest === 0) return fine("certificates", "none is in use");
  const shown = formatDuration(Math.round(longest / 60_000) * 60_000);
  return longest <= LONG_LIFE
    ? fine("certificates", `live ${shown} at most`)
    : warning(
        "certificates",
        `live ${shown}: as long as that a stolen key can be used`,
        "shorten it: MESH_LEAF_LIFETIME, or LeafCertTTL of Consul's Connect",
      );
}

function keys({ catalog }: SecurityFindings): Check {
  const where = catalog === "consul" ? "in Consul's data" : "one file of the agent's state (0600)";
  return fine("keys", `those of services are in memory alone; the authority's own is ${where}`);
}

function agentsOf(containers: readonly MeshContainer[]): readonly MeshContainer[] {
  return containers.filter(({ role }) => role === "agent");
}
