// The table of the engine's calls as docs/security.md shows it; a test compares the two.
import { ENGINE_CALLS, type EngineCall, type Subject } from "./calls.ts";

/** Around the table in the document. */
export const CALLS_MARKS = {
  begin: "<!-- calls of the engine: written by plugin/launcher/write-reference.ts -->",
  end: "<!-- end of the calls -->",
} as const;

const SUBJECTS: Readonly<Record<Subject, string>> = {
  none: "",
  concerned: "containers of the mesh, and the agent itself",
  own: "sidecars and init containers that the mesh has made",
  "own or explicit": "sidecars and init containers, also those of compose files",
  held: "containers with the label `mesh.hold` or `mesh.egress`",
};

/** The document with the table as it is now. Throws where it has no place for one. */
export function withCalls(document: string): string {
  const { begin, end } = CALLS_MARKS;
  const [before, rest] = document.split(begin, 2);
  const after = rest?.split(end, 2)[1];
  if (before === undefined || after === undefined) throw new Error(`expected ${begin} and ${end}`);
  return `${before}${begin}\n\n${renderCalls()}\n\n${end}${after}`;
}

function renderCalls(): string {
  const rows = ENGINE_CALLS.map((call) => {
    const purpose = call.swarm ? `${call.purpose} (managers of a swarm)` : call.purpose;
    return `| \`${call.method} ${call.path}${queryOf(call)}\` | ${SUBJECTS[call.subject]} | ${purpose} |`;
  });
  return ["| call | about | what for |", "|---|---|---|", ...rows].join("\n");
}

/** Keys alone; what they may be stands in the code. */
function queryOf({ query }: EngineCall): string {
  const keys = Object.keys(query).map((key) => key.replace("?", ""));
  return keys.length === 0 ? "" : `?${keys.join("&")}`;
}
