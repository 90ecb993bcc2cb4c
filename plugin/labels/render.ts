// The label reference as Markdown. docs/labels.md is this text; `node plugin/labels/write-reference.ts` writes it.
import { renderPolicyReference } from "./render-policy.ts";
import { SERVICE_LABELS } from "./render-swarm.ts";
import { LABELS, type Label } from "./table.ts";

const OPENING = `# Labels

<!-- Rendered from plugin/labels/table.ts and mesh/policy/fields.ts by \`node plugin/labels/write-reference.ts\`; do not edit by hand. -->
<!-- runs on: text -->

A container joins the mesh by its labels; the image and the code stay as they are. Put them under \`labels:\` of a service:

\`\`\`yaml
services:
  orders:
    image: shop/orders
    labels:
      mesh.enable: "true"
      mesh.check: /health
\`\`\`

Quote \`true\`, \`on\`, \`off\` and numbers, which YAML would otherwise not keep as text. Values are taken exactly as written:
nothing is trimmed or guessed, though entries of a list may have blanks around them. Docker fixes a container's labels when it
creates it, so a change of \`labels:\` takes effect with the next \`docker compose up\`.

Every label that begins with \`mesh.\` has to be one of these. A container with a wrong label is left out of the mesh, and all that is
wrong with it stands in \`docker mesh status\` and in the agent's log, with the codes of [errors.md](errors.md); other containers go on.
`;

/** The whole page, ending with a newline. */
export function renderLabelReference(): string {
  return [OPENING, SERVICE_LABELS, ...LABELS.map(renderLabel), renderPolicyReference()].join("\n");
}

function renderLabel(label: Label): string {
  return `## ${label.name}

\`${label.name}\` = ${label.values}

- **where:** ${label.where}
- **meaning:** ${label.meaning}
- **default:** ${label.fallback}
- **example:** \`${label.example}\`
`;
}
