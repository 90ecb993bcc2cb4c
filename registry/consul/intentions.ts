// Consul's intentions as views: one blocking query, and with each answer what holds for pairs that no intention speaks of.
import { isDeepStrictEqual } from "node:util";
import { type Clock, systemClock } from "../../mesh/clock.ts";
import { MeshError } from "../../mesh/errors.ts";
import type { IntentionsView } from "../../mesh/policy/intention.ts";
import type { IntentionSource } from "../intentions.ts";
import { follow } from "./blocking-query.ts";
import type { Answer, BlockingQuery, ConsulClient } from "./client.ts";
import { mapIntentions } from "./intention-mapping.ts";
import type { AgentSelf, ConsulIntention } from "./types.ts";

// What notices that Consul hangs, and that its settings have changed.
const LONGEST_WAIT = 10_000;

const HIDDEN = "Consul hides intentions from the mesh's token, which needs intentions = read";

export interface ConsulIntentionsOptions {
  /** Stays the caller's, who disposes it after the last view. */
  readonly client: ConsulClient;
  readonly clock?: Clock;
}

/** Keeps the promises of intentions.ts with Consul. */
export class ConsulIntentions implements IntentionSource {
  readonly #client: ConsulClient;
  readonly #clock: Clock;

  constructor(options: ConsulIntentionsOptions) {
    this.#client = options.client;
    this.#clock = options.clock ?? systemClock;
  }

  async *views(signal: AbortSignal): AsyncGenerator<IntentionsView, void, undefined> {
    let last: Observed | undefined;
    const read = (query: BlockingQuery, within: AbortSignal): Promise<Answer<Observed>> =>
      this.#read(query, last, within);
    for await (const observed of follow(read, { clock: this.#clock }, signal)) {
      // Compared as Consul wrote them: compiled expressions are never equal.
      if (isDeepStrictEqual(observed, last)) continue;
      last = observed;
      yield toView(observed);
    }
  }

  async #read(
    query: BlockingQuery,
    before: Observed | undefined,
    signal: AbortSignal,
  ): Promise<Answer<Observed>> {
    const wait = Math.min(query.wait, LONGEST_WAIT);
    const answer = await this.#client.intentions({ ...query, wait }, signal);
    const { value, index, isFiltered = false } = answer;
    // What is hidden is not gone: without it a caller might be let in that is denied.
    if (isFiltered && before === undefined) throw new MeshError("CATALOG_REFUSED", HIDDEN);
    const listed = isFiltered ? withHidden(value, before?.listed ?? []) : value;
    const defaultAction = defaultActionOf(await this.#client.self(signal));
    return { value: { defaultAction, listed, isFiltered }, index };
  }
}

/** What is seen, and what was known before of pairs of which nothing is seen any more. */
function withHidden(
  seen: readonly ConsulIntention[],
  known: readonly ConsulIntention[],
): readonly ConsulIntention[] {
  const pairs = new Set(seen.map(pairOf));
  return [...seen, ...known.filter((intention) => !pairs.has(pairOf(intention)))];
}

function pairOf({ SourceName, DestinationName }: ConsulIntention): string {
  return `${SourceName} ${DestinationName}`;
}

interface Observed {
  readonly defaultAction: "allow" | "deny";
  readonly listed: readonly ConsulIntention[];
  readonly isFiltered: boolean;
}

function toView({ defaultAction, listed, isFiltered }: Observed): IntentionsView {
  const { intentions, problems } = mapIntentions(listed);
  return { defaultAction, intentions, problems: isFiltered ? [...problems, HIDDEN] : problems };
}

type Settings = Readonly<Record<string, unknown>>;

/**
 * What Consul's settings say of pairs without an intention: `default_intention_policy` where there is one, else that of
 * access control, where it is on. Settings that say nothing of it allow, as Consul does.
 */
export function defaultActionOf({ DebugConfig: settings }: AgentSelf): "allow" | "deny" {
  const own = settings?.["DefaultIntentionPolicy"];
  if (own === "allow" || own === "deny") return own;
  const resolver = settings?.["ACLResolverSettings"] as Settings | null | undefined;
  const isOn = settings?.["ACLsEnabled"] ?? resolver?.["ACLsEnabled"];
  const policy = settings?.["ACLDefaultPolicy"] ?? resolver?.["ACLDefaultPolicy"];
  return isOn !== false && policy === "deny" ? "deny" : "allow";
}
