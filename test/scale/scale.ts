// The worlds that are measured, and what their figures look like.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SetupError } from "../../scripts/command.ts";
import { measure, type Scenario } from "./measure.ts";

const WORLD = { nodes: 100, services: 1_000, endpoints: 10 } as const;
const RATE = 10;

export const SCENARIOS: readonly Omit<Scenario, "seconds">[] = [
  { name: "upstreams named", rate: RATE, shape: { ...WORLD, projectSize: 50, upstreams: 10 } },
  { name: "whole project", rate: RATE, shape: { ...WORLD, projectSize: 50, upstreams: 0 } },
  {
    name: "one network for all",
    rate: RATE,
    shape: { ...WORLD, projectSize: 1_000, upstreams: 0 },
  },
];

export async function measureScale(parameters: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      only: { type: "string", default: "" },
      seconds: { type: "string", default: "30" },
      program: { type: "string", default: join(import.meta.dirname, "../../dist/agent.mjs") },
      node: { type: "string", default: "" },
    },
  });
  const chosen = SCENARIOS.filter(({ name }) => name.includes(values.only));
  if (chosen.length === 0) throw new SetupError("expected a part of a scenario's name");
  for (const scenario of chosen) {
    const measured = await measure(
      { ...scenario, seconds: Number(values.seconds) },
      {
        program: values.program,
        nodeFlags: values.node.split(" ").filter(Boolean),
        tell: (text) => console.log(text),
      },
    );
    console.log(JSON.stringify(measured, undefined, 2));
  }
}
