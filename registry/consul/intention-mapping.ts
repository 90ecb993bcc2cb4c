// Intentions as Consul writes them, read as the mesh understands them. Pure.
// Versions of Consul add ways to narrow an intention or a condition. What is not understood is never left out as if it were
// not there: a permission that allows then matches nothing, one that denies matches whatever its other conditions match.
import type { Intention, Permission } from "../../mesh/policy/intention.ts";
import { compileMatcher } from "../../mesh/policy/matcher.ts";
import type { FieldMatch, PathMatch, RequestMatch } from "../../mesh/policy/policy.ts";
import type { ConsulIntention } from "./types.ts";

export interface MappedIntentions {
  readonly intentions: readonly Intention[];
  /** Each a sentence for people. */
  readonly problems: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** All that speak of services of this cluster, in Consul's order. */
export function mapIntentions(listed: readonly ConsulIntention[]): MappedIntentions {
  const problems: string[] = [];
  const intentions = listed.filter(isOfThisCluster).map((intention) => {
    const { SourceName: source, DestinationName: destination } = intention;
    const report = (problem: string): void =>
      void problems.push(`intention ${source} → ${destination}: ${problem}`);
    return { source, destination, ...mapDecision(intention, report) };
  });
  return { intentions, problems };
}

/** Those of other partitions, namespaces and peers speak of services that only share the name. */
function isOfThisCluster(intention: ConsulIntention): boolean {
  const own = (name: string, ...values: readonly string[]): boolean =>
    isEmpty(intention[name]) || values.includes(String(intention[name]));
  return (
    ["SourceNS", "DestinationNS"].every((name) => own(name, "default", "*")) &&
    ["SourcePartition", "DestinationPartition"].every((name) => own(name, "default")) &&
    ["SourcePeer", "SourceSamenessGroup"].every((name) => own(name)) &&
    own("SourceType", "consul")
  );
}

type Decision = Pick<Intention, "action" | "permissions">;
type Report = (problem: string) => void;

function mapDecision(intention: ConsulIntention, report: Report): Decision {
  const permissions = listOf(intention["Permissions"]);
  const needsToken = !isEmpty(intention["JWT"]);
  if (needsToken) report("JWT cannot be verified, so that it allows nothing");
  if (permissions.length > 0) {
    const mapped = permissions.map((permission) => mapPermission(permission, report));
    const kept = mapped.filter((permission) => permission !== undefined);
    const holding = kept.filter(({ action }) => action === "deny" || !needsToken);
    if (holding.length > 0) return { action: undefined, permissions: holding };
    // An intention whose permissions all allow nothing is not one without permissions.
    return { action: "deny", permissions: [] };
  }
  const action = intention["Action"];
  if (action === "allow" && !needsToken) return { action, permissions: [] };
  if (action !== "allow" && action !== "deny")
    report(`expected allow or deny, got ${JSON.stringify(action)}, which denies`);
  return { action: "deny", permissions: [] };
}

/** Undefined for a permission that matches nothing. */
function mapPermission(permission: Fields, report: Report): Permission | undefined {
  const action = permission["Action"] === "allow" ? "allow" : "deny";
  if (action !== permission["Action"])
    report(`expected allow or deny, got ${JSON.stringify(permission["Action"])}, which denies`);
  let understood = true;
  const giveUp = (problem: string): void => {
    understood = false;
    const effect =
      action === "allow" ? "the permission allows nothing" : "it denies without this condition";
    report(`${problem}, so that ${effect}`);
  };
  reportUnknown(permission, ["Action", "HTTP"], giveUp);
  const match = mapMatch(objectOf(permission["HTTP"]), giveUp);
  return action === "allow" && !understood ? undefined : { action, match };
}

const PATHS = ["PathExact", "PathPrefix", "PathRegex"] as const;

function mapMatch(http: Fields, giveUp: Report): RequestMatch {
  reportUnknown(http, [...PATHS, "Header", "Methods"], giveUp);
  return {
    path: mapPath(http, giveUp),
    methods: (Array.isArray(http["Methods"]) ? http["Methods"] : []).map((method) =>
      String(method).toUpperCase(),
    ),
    headers: listOf(http["Header"]).flatMap((header) => mapHeader(header, giveUp) ?? []),
    query: [],
  };
}

function mapPath(http: Fields, giveUp: Report): PathMatch | undefined {
  const name = PATHS.find((candidate) => !isEmpty(http[candidate]));
  if (name === undefined) return undefined;
  const text = String(http[name]);
  if (name !== "PathRegex") return { kind: name === "PathExact" ? "exact" : "prefix", text };
  const matcher = compileMatcher(text);
  if (matcher === undefined) giveUp(notLinear(name, text));
  return matcher && { kind: "regex", matcher };
}

const TEXTS = { Exact: "exact", Prefix: "prefix", Suffix: "suffix", Regex: "regex" } as const;
const INVERTED = { exact: "not", present: "absent" } as const;

/** Undefined for a condition that cannot be followed. */
function mapHeader(header: Fields, giveUp: Report): FieldMatch | undefined {
  const about = `header ${header["Name"]}`;
  const known = ["Name", "Present", "Invert", ...Object.keys(TEXTS)];
  if (reportUnknown(header, known, (problem) => giveUp(`${about}: ${problem}`))) return undefined;
  const field = mapHeaderText(header, (problem) => giveUp(`${about}: ${problem}`));
  if (field === undefined || isEmpty(header["Invert"])) return field;
  const { kind } = field;
  if (kind === "exact" || kind === "present") return { ...field, kind: INVERTED[kind] };
  giveUp(`${about}: Invert of ${kind} cannot be followed`);
  return undefined;
}

function mapHeaderText(header: Fields, giveUp: Report): FieldMatch | undefined {
  const name = String(header["Name"] ?? "").toLowerCase();
  const key = (Object.keys(TEXTS) as (keyof typeof TEXTS)[]).find((text) => !isEmpty(header[text]));
  if (key === undefined) return { name, kind: "present", text: "", matcher: undefined };
  const text = String(header[key]);
  if (key !== "Regex") return { name, kind: TEXTS[key], text, matcher: undefined };
  const matcher = compileMatcher(text);
  if (matcher === undefined) giveUp(notLinear(key, text));
  return matcher && { name, kind: "regex", text: "", matcher };
}

function notLinear(name: string, pattern: string): string {
  return `${name} ${JSON.stringify(pattern)} is no expression that takes linear time`;
}

/** Whether there was one. */
function reportUnknown(fields: Fields, known: readonly string[], report: Report): boolean {
  const unknown = Object.keys(fields).filter(
    (name) => !known.includes(name) && !isEmpty(fields[name]),
  );
  for (const name of unknown) report(`${name} is not understood`);
  return unknown.length > 0;
}

/** Consul writes what is not set as nothing, null, false, 0 or an empty text, list or object. */
function isEmpty(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return !value;
}

function objectOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}
