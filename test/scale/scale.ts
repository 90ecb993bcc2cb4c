// The worlds that are measured, and where their figures go: docs/scale.md, between its markers.
import { readFile, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SetupError } from "../../scripts/command.ts";
import { bundlePrograms } from "../../scripts/images/bundle.ts";
import { withTemporaryFolder } from "../../scripts/temporary-folder.ts";
import { figures } from "./figures.ts";
import { type Measured, type MeasureOptions, measure, type Scenario } from "./measure.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const PAGE = join(ROOT, "docs", "scale.md");
const BEGIN = "<!-- results: begin -->";
const END = "<!-- results: end -->";
const WORLD = { nodes: 100, services: 1_000, endpoints: 10 } as const;
const RATE = 10;
/** What most have: a handful of nodes with 50 sidecars each. */
const USUAL = { nodes: 5, services: 50, endpoints: 5, projectSize: 10, upstreams: 5 } as const;

export const USAGE: string = `npm run scale -- [--only words] [--seconds 30] [--publish] [--node="--cpu-prof"]

--only     scenarios whose name contains this
--seconds  of changes, 10 a second, and as long of rest before
--publish  puts the figures into docs/scale.md
--node     flags for the agent's Node beside the image's`;

const SCENARIOS: readonly Omit<Scenario, "seconds">[] = [
  scenario("10 upstreams each", { projectSize: 50, upstreams: 10 }, 200),
  scenario("10 upstreams each, 2,000 connections", { projectSize: 50, upstreams: 10 }, 2_000),
  scenario("projects of 50, 2,000 connections", { projectSize: 50, upstreams: 0 }, 2_000),
  scenario("5 nodes with 50 sidecars each", USUAL, 200),
];

/** Measures one world after another and shows what was found. */
export async function measureScale(
  parameters: readonly string[],
  tell: (text: string) => void,
): Promise<void> {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      only: { type: "string", default: "" },
      seconds: { type: "string", default: "30" },
      node: { type: "string", default: "" },
      publish: { type: "boolean", default: false },
    },
  });
  const chosen = SCENARIOS.filter(({ name }) => name.includes(values.only));
  const seconds = Number(values.seconds);
  if (chosen.length === 0 || !(seconds > 0)) throw new SetupError(USAGE);
  const all: Measured[] = [];
  await withTemporaryFolder(tmpdir(), async (folder) => {
    const programs = await bundlePrograms(ROOT, folder, join(folder, "programs"));
    const image = await imageSettings();
    const nodeFlags = [...image.nodeFlags, ...values.node.split(" ").filter(Boolean)];
    for (const each of chosen) {
      tell(`measuring: ${each.name}`);
      const program = join(programs, "agent.mjs");
      all.push(await measure({ ...each, seconds }, { ...image, program, nodeFlags }));
      tell(figures(all));
    }
  });
  if (values.publish) await publish(figures(all));
}

/** How the image runs its agent. */
async function imageSettings(): Promise<Pick<MeasureOptions, "nodeFlags" | "environment">> {
  const lines = (await readFile(join(ROOT, "Dockerfile"), "utf8")).split("\n");
  const of = (instruction: string): string =>
    lines.find((line) => line.startsWith(`${instruction} `))?.slice(instruction.length + 1) ?? "";
  const command: readonly string[] = JSON.parse(of("CMD"));
  const environment = of("ENV")
    .split(" ")
    .map((pair) => pair.split("="));
  return { nodeFlags: command.slice(1, -1), environment: Object.fromEntries(environment) };
}

function scenario(
  name: string,
  shape: Partial<Scenario["shape"]> & Pick<Scenario["shape"], "projectSize" | "upstreams">,
  connections: number,
): Omit<Scenario, "seconds"> {
  return { name, rate: RATE, connections, shape: { ...WORLD, ...shape } };
}

async function publish(text: string): Promise<void> {
  const page = await readFile(PAGE, "utf8");
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined)
    throw new SetupError(`expected ${BEGIN} and ${END} in ${PAGE}`);
  const [processor] = cpus();
  const heading = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${processor?.model ?? "unknown"}, shared with the simulation.`;
  await writeFile(PAGE, `${before}${BEGIN}\n${heading}\n\n${text}\n${END}${after}`);
}
