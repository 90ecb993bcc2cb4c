// Golden cases of the label parser: labels, a line of dashes, and the result as text. Nothing here knows single labels.
import type { ParsedLabels, WorkloadLabels } from "../../../plugin/labels/parse.ts";

export const SEPARATOR = "----------";

export interface GoldenCase {
  readonly labels: Readonly<Record<string, string>>;
  readonly expected: string;
}

/** Lines of `key=value`, where either side may be a JSON string. */
export function readGoldenCase(text: string): GoldenCase {
  const [head, ...rest] = text.split(`${SEPARATOR}\n`);
  if (head === undefined || rest.length !== 1) throw new Error(`expected one line ${SEPARATOR}`);
  const lines = head.split("\n").filter((line) => line !== "");
  // Own properties, as from the engine's JSON: a key such as __proto__ must not reach the prototype.
  return { labels: Object.fromEntries(lines.map(readLine)), expected: rest.join("") };
}

const LINE = /^(?<key>"(?:[^"\\]|\\.)*"|[^=]*)=(?<value>.*)$/;

function readLine(line: string): [string, string] {
  const { key, value } = LINE.exec(line)?.groups ?? {};
  if (key === undefined || value === undefined) throw new Error(`expected key=value, got ${line}`);
  return [unquote(key), unquote(value)];
}

function unquote(text: string): string {
  return text.startsWith('"') ? String(JSON.parse(text)) : text;
}

/** Problems, one a line, or the labels that say something, one a line; each field in a fixed order. */
export function printParsed({ enabled, labels, problems }: ParsedLabels): string {
  const lines =
    labels === undefined
      ? [enabled ? "enabled, refused" : "not enabled", ...problems.map(printProblem)]
      : ["enabled", ...printWorkload(labels)];
  return `${lines.join("\n")}\n`;
}

function printProblem({ code, message }: ParsedLabels["problems"][number]): string {
  return `${code} ${message}`;
}

function printWorkload(labels: WorkloadLabels): string[] {
  const { ports, upstreams, check } = labels;
  const fields: readonly (readonly [string, string | undefined])[] = [
    ["service", labels.service],
    ["port", labels.port?.toString()],
    ["ports", ports?.map(({ name, port, protocol }) => `${name}:${port}/${protocol}`).join(" ")],
    ["protocol", labels.protocol],
    ["mtls", labels.mtls],
    ["intercept", labels.intercept],
    ["egress", printEgress(labels.egress)],
    ["network", labels.network],
    ["upstreams", upstreams?.length === 0 ? "(nobody)" : upstreams?.join(" ")],
    ["version", labels.version],
    ["check", printCheck(check)],
    ["weight", labels.weight === 1 ? undefined : String(labels.weight)],
    ["sidecar", labels.sidecar === "agent" ? undefined : labels.sidecar],
    ["gateway", printGateway(labels)],
    ["hold", labels.hold ? "until the sidecar is ready" : undefined],
  ];
  const policy = Object.entries(labels.policy).map(([name, text]) => `policy ${name}: ${text}`);
  return [
    ...fields.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`])),
    ...policy,
  ];
}

function printGateway({ gateway, trustedProxies }: WorkloadLabels): string | undefined {
  if (gateway === undefined) return undefined;
  const { http = "none", https = "none" } = gateway;
  return `http ${http}, https ${https}, trusts ${trustedProxies.join(" ") || "nobody"}`;
}

function printEgress(egress: WorkloadLabels["egress"]): string | undefined {
  if (egress === "allow") return undefined;
  const hosts = egress.hosts.map(({ name, port }) => `${name} on ${port}`);
  const ranges = egress.ranges.map(({ range, version, port }) =>
    [`${range} of IPv${version}`, ...(port === undefined ? [] : [`on ${port}`])].join(" "),
  );
  return [...hosts, ...ranges].join(", ") || "(nobody)";
}

function printCheck(check: WorkloadLabels["check"]): string | undefined {
  if (check?.kind === "http") return `http ${check.path}`;
  return check?.kind === "grpc" ? `grpc ${check.service || "(the server)"}` : check?.kind;
}
