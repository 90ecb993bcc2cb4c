// From a container's labels to what its user wants of the mesh, or to everything that is wrong with them at once.
// What needs more than the labels (exposed ports, networks, project) is not decided here.
import type { Protocol, ServicePort } from "../../mesh/model.ts";
import { nearestName } from "../../mesh/nearest.ts";
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import { fieldNames, findField } from "../../mesh/policy/fields.ts";
import { readBoolean, readMatching, readWord } from "../../mesh/policy/kinds.ts";
import { readPolicy } from "../../mesh/policy/read-policy.ts";
import { quote, shorten } from "../../mesh/printable.ts";
import { Refusal, type ValueReader } from "../../mesh/refusal.ts";
import type { GatewayPorts } from "../../proxy/configuration/gateway.ts";
import type { ApplicationCheck } from "../../proxy/configuration/snapshot.ts";
import { type OutsideList, readEgress } from "./egress.ts";
import { LABEL_NAMES, LABEL_PREFIX, LABELS, type LabelName } from "./table.ts";
import {
  readCheck,
  readGatewayPorts,
  readName,
  readNames,
  readNetworks,
  readPort,
  readPorts,
  readProtocol,
  readWeight,
} from "./values.ts";

/** What a workload's labels say; undefined where they say nothing and the default needs facts about the container. */
export interface WorkloadLabels {
  readonly service: string | undefined;
  readonly port: number | undefined;
  readonly ports: readonly ServicePort[] | undefined;
  readonly protocol: Protocol;
  readonly mtls: "strict" | "permissive";
  readonly intercept: "on" | "off";
  /** Whom it may call outside its networks; `allow`: anybody. */
  readonly egress: "allow" | OutsideList;
  readonly sidecar: "agent" | "explicit";
  readonly network: string | undefined;
  /** Empty: calls nobody. */
  readonly upstreams: readonly string[] | undefined;
  readonly version: string | undefined;
  readonly check: ApplicationCheck | undefined;
  /** 1 to 1000. */
  readonly weight: number;
  /** Of a gateway: where it listens for clients. */
  readonly gateway: GatewayPorts | undefined;
  /** Of a gateway: whose word about clients counts. */
  readonly trustedProxies: readonly string[];
  /** Whether the application waits for its sidecar. */
  readonly hold: boolean;
  /** The fields of policies among the labels, by their names without `mesh.`; nothing that the labels do not say. */
  readonly policy: PolicyDocument;
}

export interface LabelProblem {
  readonly code: "LABEL_INVALID" | "LABEL_UNKNOWN" | "LABEL_CONFLICT";
  /** The label's name, safe to print. */
  readonly label: string;
  readonly message: string;
}

export interface ParsedLabels {
  /** True when the container asks for the mesh with `mesh.enable: true`. */
  readonly enabled: boolean;
  /** Undefined unless enabled and without problems. */
  readonly labels: WorkloadLabels | undefined;
  /** All of them in a stable order, unknown labels last. Empty for a container without `mesh.*` labels. */
  readonly problems: readonly LabelProblem[];
}

const NETWORK = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const VERSION = /^[A-Za-z0-9._-]{1,64}$/;

/** Reads the `mesh.*` labels of one container. Never throws. */
export function parseLabels(labels: Readonly<Record<string, string>>): ParsedLabels {
  const ours = Object.entries(labels).filter(([name]) =>
    name.toLowerCase().startsWith(LABEL_PREFIX),
  );
  if (ours.length === 0) return { enabled: false, labels: undefined, problems: [] };
  const reader = new LabelReader(new Map(ours));
  const enabled = reader.read("mesh.enable", readBoolean);
  if (enabled === false) return { enabled: false, labels: undefined, problems: [] };
  if (!reader.has("mesh.enable")) {
    const advice = "expected beside other mesh labels, found none: add mesh.enable=true";
    reader.complain("LABEL_CONFLICT", "mesh.enable", advice);
  }
  const workload = readWorkload(reader);
  reader.complainOfUnknown();
  const { problems } = reader;
  return {
    enabled: enabled === true,
    labels: enabled === true && problems.length === 0 ? workload : undefined,
    problems,
  };
}

function readWorkload(reader: LabelReader): WorkloadLabels {
  const service = reader.read("mesh.service", readName);
  const port = reader.read("mesh.port", readPort);
  const protocol = reader.read("mesh.protocol", readProtocol) ?? "http";
  const egress = reader.read("mesh.egress", readEgress) ?? "allow";
  const workload: WorkloadLabels = {
    service,
    port,
    ports: reader.read("mesh.ports", (text) => readPorts(text, protocol)),
    protocol,
    mtls: reader.read("mesh.mtls", readWord("strict", "permissive")) ?? "permissive",
    intercept: reader.read("mesh.intercept", readWord("on", "off")) ?? "on",
    sidecar: reader.read("mesh.sidecar", readWord("agent", "explicit")) ?? "agent",
    network: reader.read("mesh.network", readMatching(NETWORK)),
    upstreams: reader.read("mesh.upstreams", readNames),
    version: reader.read("mesh.version", readMatching(VERSION)),
    check: reader.read("mesh.check", readCheck),
    weight: reader.read("mesh.weight", readWeight) ?? 1,
    egress,
    hold: reader.read("mesh.hold", readBoolean) ?? egress !== "allow",
    gateway: reader.read("mesh.gateway", readGatewayPorts),
    trustedProxies: reader.read("mesh.gateway.trusted-proxies", readNetworks) ?? [],
    policy: reader.readPolicy(),
  };
  complainOfGateway(reader);
  complainOfConflicts(reader, workload);
  return workload;
}

function complainOfConflicts(reader: LabelReader, labels: WorkloadLabels): void {
  const { mtls, intercept, egress, sidecar, hold } = labels;
  const conflict = (label: LabelName, what: string): void =>
    reader.complain("LABEL_CONFLICT", label, what);
  if (reader.has("mesh.port") && reader.has("mesh.ports"))
    conflict("mesh.ports", "expected mesh.port or mesh.ports, got both");
  if (mtls === "strict" && intercept === "off")
    conflict(
      "mesh.mtls",
      "expected mesh.intercept to be on with strict, got off: nothing would keep plaintext out",
    );
  if (egress === "allow") return;
  if (intercept === "off")
    conflict(
      "mesh.egress",
      "expected mesh.intercept to be on with anything but allow, got off: nothing would hold the application",
    );
  if (sidecar === "explicit")
    conflict("mesh.egress", `expected allow with mesh.sidecar=explicit: ${NOT_IN_FILES}`);
  if (!hold)
    conflict(
      "mesh.hold",
      "expected true with mesh.egress, got false: the application would run before it is held to that",
    );
}

/** A gateway offers no port to the mesh, and what only gateways do, nobody else can. */
function complainOfGateway(reader: LabelReader): void {
  if (!reader.has("mesh.gateway")) {
    if (reader.has("mesh.gateway.trusted-proxies"))
      reader.complain(
        "LABEL_CONFLICT",
        "mesh.gateway.trusted-proxies",
        "expected beside mesh.gateway, whose clients it is about, found without it",
      );
    return;
  }
  for (const label of ["mesh.port", "mesh.ports", "mesh.gateway.host"] as const) {
    if (reader.has(label))
      reader.complain(
        "LABEL_CONFLICT",
        label,
        "expected not to stand beside mesh.gateway: a gateway publishes other services and is none itself",
      );
  }
}

/** Why `mesh.egress` and a sidecar in a file do not go together. */
export const NOT_IN_FILES =
  "its rules name the subnets of the container's networks, which a file does not know; leave the sidecar to the agent";

/** The labels of one container and what was found wrong with them so far. */
class LabelReader {
  readonly #labels: ReadonlyMap<string, string>;
  readonly #problems: LabelProblem[] = [];

  constructor(labels: ReadonlyMap<string, string>) {
    this.#labels = labels;
  }

  get problems(): readonly LabelProblem[] {
    return this.#problems;
  }

  has(name: string): boolean {
    return this.#labels.has(name);
  }

  /** The label's value; undefined when it is absent, and when it is invalid, which is then a problem. */
  read<T>(name: LabelName, read: ValueReader<T>): T | undefined {
    const text = this.#labels.get(name);
    const row = LABELS.find((label) => label.name === name);
    if (text === undefined || row === undefined) return undefined;
    if (text.length > row.maximumLength) {
      const found = `expected at most ${row.maximumLength} characters, got ${quote(text)}`;
      this.complain("LABEL_INVALID", name, found);
      return undefined;
    }
    const value = read(text);
    if (!(value instanceof Refusal)) return value;
    this.complain(
      "LABEL_INVALID",
      name,
      value.detail ?? `expected ${row.expected}, got ${quote(text)}`,
    );
    return undefined;
  }

  /** Labels of policies; everything that is wrong with them is a problem. */
  readPolicy(): PolicyDocument {
    const fields = [...this.#labels]
      .map(([name, text]): [string, string] => [name.slice(LABEL_PREFIX.length), text])
      .filter(([name]) => findField(name) !== undefined);
    const document = Object.fromEntries(fields.sort(([left], [right]) => (left < right ? -1 : 1)));
    for (const { field, message, conflict } of readPolicy(document, "strict").problems) {
      const code = conflict === true ? "LABEL_CONFLICT" : "LABEL_INVALID";
      this.complain(code, `${LABEL_PREFIX}${field}`, message);
    }
    return document;
  }

  complain(code: LabelProblem["code"], label: string, what: string): void {
    this.#problems.push({ code, label, message: `label ${label}: ${what}` });
  }

  complainOfUnknown(): void {
    for (const name of [...this.#labels.keys()].filter((label) => !isLabel(label)).sort()) {
      const nearest = nearestName(name.toLowerCase(), labelNames(name));
      const hint = nearest === undefined ? "see docs/labels.md" : `did you mean ${nearest}?`;
      this.complain("LABEL_UNKNOWN", shorten(name), `expected a label of the mesh: ${hint}`);
    }
  }
}

const WORKLOAD_LABELS: ReadonlySet<string> = new Set(LABEL_NAMES);

function isLabel(name: string): boolean {
  if (WORKLOAD_LABELS.has(name)) return true;
  return name.startsWith(LABEL_PREFIX) && findField(name.slice(LABEL_PREFIX.length)) !== undefined;
}

/** Every label there is, those of routes and rules with the name that the given label has there. */
function labelNames(name: string): readonly string[] {
  const [, , entry = ""] = name.split(".");
  return [...LABEL_NAMES, ...fieldNames(entry).map((field) => `${LABEL_PREFIX}${field}`)];
}
