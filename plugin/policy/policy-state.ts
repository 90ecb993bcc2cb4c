// What is known at this moment of the policies that people have set, and of Consul's intentions. An outage changes nothing;
// a document that does not hold up is left aside as a whole, with the last good one in its place. Where this agent has seen no
// good one (it has just started, or is older than the writer), as much counts as can be understood: what is unclear about
// access refuses more rather than less, while nothing at all would let everybody in.
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import type { IntentionsView } from "../../mesh/policy/intention.ts";
import { readPolicy } from "../../mesh/policy/read-policy.ts";
import { shorten } from "../../mesh/printable.ts";
import type { PoliciesView, StoredPolicy } from "../../registry/policy-store.ts";
import type { Problem } from "../status.ts";

/** Problems of one document that are told, since the status shows them to everybody who asks. */
const MOST_TOLD = 10;

export class PolicyState {
  #stored: ReadonlyMap<string, StoredPolicy> | undefined;
  /** Services whose document in force is understood in part only. */
  #doubtful: ReadonlySet<string> = new Set();
  #intentions: IntentionsView | undefined;
  #problems: readonly Problem[] = [];

  /** Whether both have been heard of: before that nobody knows who may call whom. */
  get isComplete(): boolean {
    return this.#stored !== undefined && this.#intentions !== undefined;
  }

  setPolicies({ policies, problems }: PoliciesView): void {
    const stored = new Map<string, StoredPolicy>();
    const doubtful = new Set<string>();
    const found = problems.map((message) => toProblem("policy", message));
    for (const [service, offered] of policies) {
      const wrong = describeProblems(offered.document);
      const kept = (wrong === undefined ? undefined : this.#lastGood(service)) ?? offered;
      stored.set(service, kept);
      if (wrong === undefined) continue;
      if (kept === offered) doubtful.add(service);
      found.push(toProblem(service, explain(offered, kept, wrong)));
    }
    this.#stored = stored;
    this.#doubtful = doubtful;
    this.#problems = found;
  }

  #lastGood(service: string): StoredPolicy | undefined {
    return this.#doubtful.has(service) ? undefined : this.#stored?.get(service);
  }

  setIntentions(view: IntentionsView): void {
    this.#intentions = view;
  }

  /** The document in force of a service, or of the whole mesh; empty without one. */
  document(service: string): PolicyDocument {
    return this.#stored?.get(service)?.document ?? {};
  }

  /** Its version; 0 without one. */
  version(service: string): number {
    return this.#stored?.get(service)?.version ?? 0;
  }

  get intentions(): IntentionsView {
    return this.#intentions ?? { defaultAction: "allow", intentions: [], problems: [] };
  }

  get problems(): readonly Problem[] {
    const unclear = this.intentions.problems.map((message) => toProblem("intentions", message));
    return [...this.#problems, ...unclear];
  }
}

/** Undefined for a document that holds up by itself; what contradicts other sources is found where they meet. */
export function describeProblems(document: PolicyDocument): string | undefined {
  const { problems: all } = readPolicy(document, "strict");
  const problems = all.filter(({ conflict }) => conflict !== true);
  if (problems.length === 0) return undefined;
  const told = problems
    .slice(0, MOST_TOLD)
    .map(({ field, message }) => `${shorten(field)}: ${message}`);
  const more = problems.length - told.length;
  return [...told, ...(more === 0 ? [] : [`and ${more} more`])].join("; ");
}

function explain(offered: StoredPolicy, kept: StoredPolicy, wrong: string): string {
  const effect =
    kept === offered
      ? "is in force as far as it is understood, and what is unclear about access refuses"
      : `is left aside as a whole, version ${kept.version} stays in force`;
  return `version ${offered.version} of the stored policy ${effect}: ${wrong}`;
}

function toProblem(subject: string, message: string): Problem {
  return { subject, code: "POLICY_INVALID", message };
}
