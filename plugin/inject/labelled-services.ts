// Which services of a compose file want the mesh, and what keeps one from having its sidecar in the file.
import { NOT_IN_FILES, parseLabels } from "../labels/parse.ts";
import { LABEL_PREFIX } from "../labels/table.ts";
import { asValues, type ComposeFile, type Values } from "./compose-file.ts";
import { addedNames, type InjectedService } from "./sidecar-services.ts";

export interface LabelledServices {
  readonly services: readonly InjectedService[];
  /** A sentence each; with one of them nothing is injected. */
  readonly problems: readonly string[];
}

/** The services with `mesh.enable: "true"`, in the order of the file. */
export function labelledServices({ services }: ComposeFile): LabelledServices {
  const looked = [...services].map(([name, service]) => lookAt(name, service, services));
  const found = looked.flatMap(({ injected }) => (injected === undefined ? [] : [injected]));
  const inherited = inheritances(services, new Set(found.map(({ name }) => name)));
  const problems = [...looked.flatMap(({ problems: own }) => own), ...inherited];
  if (found.length === 0 && problems.length === 0) problems.push(NOBODY);
  return { services: found, problems };
}

interface Look {
  readonly injected: InjectedService | undefined;
  readonly problems: readonly string[];
}

function lookAt(name: string, service: Values, services: ComposeFile["services"]): Look {
  const { enabled, labels, problems: wrong } = parseLabels(readLabels(service["labels"]));
  const found = wrong.map(({ message }) => `${message}${variableHint(message)}`);
  if (hasSwarmLabels(service)) found.push(SWARM_LABELS);
  const injected =
    enabled && labels !== undefined
      ? { name, labels, profiles: readTexts(service["profiles"]) }
      : undefined;
  if (injected !== undefined) found.push(...obstacles(service, injected, services));
  return { injected, problems: found.map((message) => `service ${name}: ${message}`) };
}

const NOBODY =
  'expected a service with the label mesh.enable: "true" written in this file, found none';
const RESOLVED =
  '"docker compose config | docker mesh inject -" works on the file as Compose sees it';
const SWARM_LABELS =
  "labels under deploy are those of a Swarm service, and Swarm has no network_mode: service:…, so that a stack cannot name its sidecars; leave them to the agent";
const PORTS =
  "expected label mesh.port or mesh.ports: what the image exposes cannot be seen in a file, and the redirection must know it";

/** Labels as a container will have them, from a mapping or a list. */
function readLabels(labels: unknown): Readonly<Record<string, string>> {
  if (Array.isArray(labels)) {
    return Object.fromEntries(
      labels.map(String).map((entry): [string, string] => {
        const [name = "", ...value] = entry.split("=");
        return [name, value.join("=")];
      }),
    );
  }
  const entries = Object.entries(asValues(labels) ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value ?? "")]));
}

function hasSwarmLabels(service: Values): boolean {
  const labels = readLabels(asValues(service["deploy"])?.["labels"]);
  return Object.keys(labels).some((name) => name.toLowerCase().startsWith(LABEL_PREFIX));
}

function variableHint(message: string): string {
  return message.includes("$") ? `; where a variable stands in it, ${RESOLVED}` : "";
}

function knowsPorts({ labels }: InjectedService): boolean {
  const needsThem = labels.intercept === "on" && labels.mtls === "permissive";
  return !needsThem || labels.port !== undefined || labels.ports !== undefined;
}

/** Of `deploy`, what Swarm alone obeys. */
const OF_SWARM = ["mode", "placement", "update_config", "rollback_config", "endpoint_mode"];

function* obstacles(
  service: Values,
  injected: InjectedService,
  services: ComposeFile["services"],
): Generator<string> {
  const mode = service["network_mode"];
  if (mode !== undefined && mode !== "bridge")
    yield `expected a network of its own, found network_mode: ${String(mode)}`;
  if (service["provider"] !== undefined)
    yield "expected a container, found a provider: it has no network that a sidecar could share";
  if (service["extends"] !== undefined)
    yield `expected it written out, found extends, which is not followed: ${RESOLVED}`;
  const deploy = asValues(service["deploy"]) ?? {};
  const ofSwarm = OF_SWARM.filter((key) => deploy[key] !== undefined);
  if (ofSwarm.length > 0)
    yield `found deploy.${ofSwarm.join(", deploy.")}, which only Swarm obeys, and Swarm has no network_mode: service:…: leave the sidecars of a stack to the agent; for Compose take it out`;
  const copies = service["scale"] ?? deploy["replicas"] ?? 1;
  if (String(copies) !== "1")
    yield `expected one copy, found ${String(copies)}: network_mode: service:… means the first copy alone; leave its sidecars to the agent, or write a service for each copy`;
  if (!knowsPorts(injected)) yield PORTS;
  if (injected.labels.egress !== "allow")
    yield `expected no label mesh.egress but allow: ${NOT_IN_FILES}`;
  for (const taken of addedNames(injected).filter((added) => services.has(added)))
    yield `expected no service ${taken} beside it, found one: give it another name`;
}

/** Whoever extends a service gets its labels with it, that of the explicit sidecar among them. */
function inheritances(services: ComposeFile["services"], injected: ReadonlySet<string>): string[] {
  return [...services].flatMap(([name, service]) => {
    const base = asValues(service["extends"])?.["service"] ?? service["extends"];
    if (injected.has(name) || !injected.has(String(base))) return [];
    return [
      `service ${name}: expected it not to extend ${String(base)}, whose labels it would have: ${RESOLVED}`,
    ];
  });
}

function readTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
