// The part of the label reference about policies, rendered from the table of fields.

import { MAX_VALUE } from "../../mesh/policy/document-reader.ts";
import type { Field } from "../../mesh/policy/field.ts";
import { ALL_FIELDS } from "../../mesh/policy/fields.ts";
import { MAX_DOCUMENT, MAX_ENTRIES } from "../../mesh/policy/read-policy.ts";
import { LABEL_PREFIX } from "./table.ts";

/** Sections in the order of the page, by the first part of the names in them. */
const SECTIONS: readonly (readonly [string, string, readonly string[]])[] = [
  ["Balancing", "Which endpoint gets a request.", ["balance"]],
  ["Timeouts", "0 means that there is none.", ["timeouts"]],
  ["Retries", "Tries after the first one.", ["retries"]],
  [
    "Limits",
    "What is above a limit is answered with 503 or 429 at once. 0 means that there is none.",
    ["limits"],
  ],
  [
    "Circuit breaking",
    "When callers take an endpoint out, and how it returns. Each caller decides for itself by what it sees. The names are Envoy's; the " +
      "defaults are for 2 to 5 replicas, where Envoy's own would never act.",
    ["outlier", "recovery"],
  ],
  ["Health checks", "How often `mesh.check` is carried out.", ["check"]],
  [
    "Request logs and traces",
    "What is shown of single requests, see [logs.md](logs.md) and [tracing.md](tracing.md).",
    ["logs", "traces"],
  ],
  ["Versions and stand-ins", "For requests that no route decides about.", ["split", "failover"]],
  [
    "Routes",
    "`<name>` is a name of your own for a route, of lower-case letters, digits and hyphens. The first route whose conditions all hold " +
      "decides; without conditions it is for every request.",
    ["route"],
  ],
  [
    "Access",
    "Who may call the service. Intentions in Consul count besides: both must allow. Rules have names of your own, as routes do.",
    ["allow", "deny", "default-action", "audit", "rule"],
  ],
  [
    "Tokens of end users",
    "Issuer and keys belong together: neither goes without the other.",
    ["jwt"],
  ],
  [
    "Publishing",
    "Under which hosts the service is there for clients outside the mesh, where a gateway runs: see [gateway.md](gateway.md).",
    ["gateway"],
  ],
];

const OPENING = `# Labels of policy

How a service is called and by whom. They stand on the containers of the service that is *called*, and the sidecars of its callers follow
them. The same names without \`${LABEL_PREFIX}\` make the policy documents of \`docker mesh policy\`, which are stronger than labels and may
be changed while everything runs; there, an empty value takes away what a label says. [policy.md](policy.md) explains each with an example.

Durations need a unit (\`250ms\`, \`1m30s\`). Entries of lists are separated by commas, and \`\\,\` is a comma within one. A value has at most
${MAX_VALUE} characters, a service at most ${MAX_ENTRIES} routes and ${MAX_ENTRIES} rules, and all of it together at most ${MAX_DOCUMENT} characters.
`;

/** Ends with a newline. */
export function renderPolicyReference(): string {
  const sections = SECTIONS.map(([title, opening, groups]) => {
    const fields = ALL_FIELDS.filter(({ name }) => groups.includes(name.split(".")[0] ?? ""));
    return `## ${title}\n\n${opening}\n\n${renderTable(fields)}\n`;
  });
  return [OPENING, ...sections].join("\n");
}

function renderTable(fields: readonly Field<unknown>[]): string {
  const rows = fields.map(({ name, kind, fallback, example, meaning }) => [
    `\`${LABEL_PREFIX}${name}\``,
    kind.values,
    fallback === "" ? "–" : `\`${fallback}\``,
    `\`${example}\``,
    meaning,
  ]);
  const lines = [["label", "values", "default", "example", "meaning"], ...rows].map(renderRow);
  lines.splice(1, 0, "|---|---|---|---|---|");
  return lines.join("\n");
}

function renderRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
