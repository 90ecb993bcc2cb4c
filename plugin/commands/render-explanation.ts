// An explanation as the story of a request, for a terminal. Pure: the same explanation gives the same text.
import { escapeControls } from "../../mesh/printable.ts";
import type {
  ExplainedAccess,
  ExplainedEndpoint,
  ExplainedRoute,
  Explanation,
} from "../explain/explanation.ts";
import { renderTable } from "./table.ts";

export function renderExplanation(explanation: Explanation): string {
  const steps = [
    nameStep(explanation),
    ...(explanation.callee === undefined
      ? []
      : [
          routeStep(explanation),
          settingsStep(explanation),
          endpointsStep(explanation),
          ...explanation.access.map(accessStep),
        ]),
  ];
  const numbered = steps.map(([title, body], index) => `${index + 1}. ${title}\n${indent(body)}`);
  return [
    `${headline(explanation)}\n`,
    ...numbered,
    `Result: the request ${escapeControls(explanation.result.text)}.\n`,
    ...explanation.notes.map((note) => `Note: ${escapeControls(note)}.\n`),
  ].join("\n");
}

/** A title and the lines beneath it. */
type Step = readonly [title: string, body: string];

function headline({ request, caller, callee, result }: Explanation): string {
  const to = callee?.service ?? "a name";
  const from = `${caller.service} (${caller.container} on ${caller.node})`;
  const what = result.kind === "outside" ? "calls" : `calls ${to}:`;
  return escapeControls(`${from} ${what} ${request.method} ${request.path}`);
}

function nameStep({ caller, callee }: Explanation): Step {
  if (callee === undefined) return ["The name does not lead into the mesh", ""];
  const { names, address, port, protocol, service } = callee;
  // A gateway's clients call hosts, not names.
  if (names.length === 0) {
    const shown = `the gateway shows the identity ${caller.identity}`;
    return [`It is published: port ${port}, ${protocol}`, lines([shown])];
  }
  return [
    `The name leads to ${service}`,
    lines([
      `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} ${address} beside ${caller.container}; port ${port}, ${protocol}`,
      `the caller shows the identity ${caller.identity}`,
    ]),
  ];
}

function routeStep({ routes, effects }: Explanation): Step {
  const matched = routes.find((route) => route.matched);
  const title =
    matched === undefined
      ? routes.length === 0
        ? "There are no routes: the service's own rules hold"
        : "No route matches: the service's own rules hold"
      : `Route ${matched.name} matches`;
  const passed = routes.filter((route) => !route.matched).map(describeMiss);
  return [title, lines([...passed, ...effects])];
}

function describeMiss({ name, unmet }: ExplainedRoute): string {
  return `route ${name} does not match: not ${unmet.join(", not ")}`;
}

function settingsStep({ settings }: Explanation): Step {
  const rows = settings.map(({ field, value, source }) => [
    field,
    value === "" ? "none" : value,
    source,
  ]);
  return ["These settings hold", renderTable(["FIELD", "VALUE", "SOURCE"], rows)];
}

const ENDPOINT_COLUMNS = [
  ...["CONTAINER", "NODE", "ADDRESS", "NETWORK", "VERSION", "HEALTH", "STATE", "SHARE", "REASON"],
] as const;

function endpointsStep({ endpoints }: Explanation): Step {
  if (endpoints.length === 0) return ["There are no endpoints", lines(["nobody runs the service"])];
  const used = endpoints.filter(({ share }) => share > 0).length;
  const all = endpoints.length;
  return [
    `Of ${all} ${all === 1 ? "endpoint" : "endpoints"} ${used} may get it`,
    renderTable(ENDPOINT_COLUMNS, endpoints.map(renderEndpoint)),
  ];
}

function renderEndpoint(endpoint: ExplainedEndpoint): string[] {
  const { container, node, address, network, version, health, state, share, reason } = endpoint;
  return [
    ...[container, node, address ?? "-", network ?? "-", version ?? "-", health, state ?? "-"],
    ...[`${share}%`, reason || "-"],
  ];
}

const DECISIONS: Readonly<Record<ExplainedAccess["decision"], string>> = {
  allowed: "lets it in",
  audited: "lets it in and reports it",
  refused: "refuses it",
};

function accessStep({ service, decision, because, status, code }: ExplainedAccess): Step {
  const answer = [status, code].filter((part) => part !== undefined).join(" ");
  const title = `${service} ${DECISIONS[decision]}${answer === "" ? "" : ` with ${answer}`}`;
  return [title, lines(because)];
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${escapeControls(text)}\n`).join("");
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "   ");
}
