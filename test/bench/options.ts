// The command line of `npm run bench`.
import { parseArgs } from "node:util";
import { SetupError } from "../../scripts/command.ts";
import { CLOSED_32, LOADS, type Load } from "./loads.ts";
import type { Peer } from "./peer.ts";

export type Part = "traffic" | "start" | "memory";
const PARTS: readonly Part[] = ["traffic", "start", "memory"];

export interface BenchOptions {
  readonly peers: readonly Peer[];
  readonly loads: readonly Load[];
  readonly parts: ReadonlySet<Part>;
  readonly rounds: number;
  readonly warmSeconds: number;
  readonly seconds: number;
  /** Where the JSON goes; undefined for nowhere. */
  readonly json: string | undefined;
  /** For the Node that runs our sidecars. */
  readonly nodeFlags: readonly string[];
}

export const USAGE: string = `npm run bench -- [--quick] [--only hop,pair,…] [--loads closed-32,…] [--parts traffic,start,memory]
                 [--repeats 3] [--seconds 4] [--warm 1] [--json file]
                 [--node="--cpu-prof --cpu-prof-dir=/tmp/profiles"]

--quick    our sidecars beside HAProxy at 32 connections, 3 rounds of 2 s
--only     subjects whose name or shape contains one of these words
--node     flags for the Node that runs our sidecars
--loads    ${LOADS.map(({ name }) => name).join(", ")}`;

const QUICK = { only: "mesh,haproxy", loads: CLOSED_32.name, parts: "traffic", seconds: "2" };
const USUAL = { only: "", loads: "", parts: "", seconds: "4" };

/** Throws SetupError for what cannot be chosen. */
export function readOptions(parameters: readonly string[], every: readonly Peer[]): BenchOptions {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      loads: { type: "string" },
      parts: { type: "string" },
      repeats: { type: "string", default: "3" },
      seconds: { type: "string" },
      warm: { type: "string", default: "1" },
      json: { type: "string" },
      node: { type: "string", default: "" },
    },
  });
  const usual = values.quick ? QUICK : USUAL;
  const parts = words(values.parts ?? usual.parts).map((word) => one(word, PARTS, "part"));
  return {
    peers: choosePeers(words(values.only ?? usual.only), every),
    loads: chooseLoads(words(values.loads ?? usual.loads)),
    parts: new Set(parts.length === 0 ? PARTS : parts),
    rounds: positive("repeats", values.repeats),
    seconds: positive("seconds", values.seconds ?? usual.seconds),
    warmSeconds: positive("warm", values.warm),
    json: values.json,
    nodeFlags: values.node.split(" ").filter(Boolean),
  };
}

function words(text: string): readonly string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
}

function choosePeers(wanted: readonly string[], every: readonly Peer[]): readonly Peer[] {
  if (wanted.length === 0) return every;
  const chosen = every.filter(({ name, shape }) =>
    wanted.some((word) => name.includes(word) || shape === word),
  );
  if (chosen.length > 0) return chosen;
  const names = every.map(({ name }) => name).join(", ");
  throw new SetupError(`expected words from these names, got ${wanted.join(", ")}: ${names}`);
}

function chooseLoads(wanted: readonly string[]): readonly Load[] {
  const names = LOADS.map(({ name }) => name);
  const chosen = wanted.map((word) => one(word, names, "load"));
  if (chosen.length === 0) return LOADS;
  return LOADS.filter(({ name }) => chosen.includes(name) || isNeededBy(name, chosen));
}

/** Half of a subject's knee can be asked for only once the knee is known. */
function isNeededBy(name: string, chosen: readonly string[]): boolean {
  const halves = LOADS.filter(({ rate }) => rate === "half").map((load) => load.name);
  return name === CLOSED_32.name && halves.some((half) => chosen.includes(half));
}

function one<T extends string>(word: string, choices: readonly T[], what: string): T {
  const found = choices.find((choice) => choice === word);
  if (found !== undefined) return found;
  throw new SetupError(`expected a ${what} out of ${choices.join(", ")}, got ${word}`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new SetupError(`expected a number above 0 for --${name}, got ${text}`);
}
