// The command line of `npm run reliability`.
import { parseArgs } from "node:util";
import { SetupError } from "../../scripts/command.ts";

/** Where events happen. */
export type PlaceName = "compose" | "swarm";
/** What one process can send. */
const MOST = 5_000;
const PLACE_NAMES: readonly PlaceName[] = ["compose", "swarm"];

export interface ReliabilityOptions {
  readonly places: readonly PlaceName[];
  /** Names of events; empty for all. */
  readonly only: readonly string[];
  /** Requests a second, all kinds together. */
  readonly rate: number;
  /** Where the results go as JSON; undefined for nowhere. */
  readonly json: string | undefined;
  /** Where the histories of requests, catalog and snapshots go, a folder; undefined for nowhere. */
  readonly histories: string | undefined;
  /** Whether docs/reliability.md gets the tables. */
  readonly publish: boolean;
}

export const USAGE = `npm run reliability -- [--place compose,swarm] [--only scale,nothing,…] [--rate 500]
                       [--json file] [--histories folder] [--publish]

--place      where things happen
--only       events whose name is one of these
--rate       requests a second, where 500 are more than the machine carries besides
--histories  writes down what became of each request, and what catalog and sidecars said, as JSON lines
--publish    writes the tables of these places into docs/reliability.md; not with --only`;

/** Throws SetupError for what cannot be chosen. */
export function readOptions(parameters: readonly string[]): ReliabilityOptions {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      place: { type: "string", default: PLACE_NAMES.join(",") },
      only: { type: "string", default: "" },
      rate: { type: "string", default: "500" },
      json: { type: "string" },
      histories: { type: "string" },
      publish: { type: "boolean", default: false },
    },
  });
  const only = words(values.only);
  if (values.publish && only.length > 0) {
    throw new SetupError("expected --publish with all events of a place, got --only besides");
  }
  return {
    places: words(values.place).map(placeName),
    only,
    rate: readRate(values.rate),
    json: values.json,
    histories: values.histories,
    publish: values.publish,
  };
}

/** Those of the events that were asked for. */
export function chosen<Event extends { readonly name: string }>(
  events: readonly Event[],
  { only }: Pick<ReliabilityOptions, "only">,
): readonly Event[] {
  return only.length === 0 ? events : events.filter(({ name }) => only.includes(name));
}

function readRate(text: string): number {
  const rate = Number(text);
  if (Number.isInteger(rate) && rate >= 1 && rate <= MOST) return rate;
  throw new SetupError(`expected a rate of 1 to ${MOST} requests a second, got ${text}`);
}

function words(text: string): readonly string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
}

function placeName(word: string): PlaceName {
  const found = PLACE_NAMES.find((name) => name === word);
  if (found !== undefined) return found;
  throw new SetupError(`expected places out of ${PLACE_NAMES.join(", ")}, got ${word}`);
}
