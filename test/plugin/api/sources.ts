// What the API shows in tests that do not say otherwise: a quiet node of a shop, with policies in memory.
import assert from "node:assert/strict";
import { silentLog } from "../../../mesh/log.ts";
import type { Instance } from "../../../mesh/model.ts";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import type { ApiSources } from "../../../plugin/api/api.ts";
import { PolicyDesk } from "../../../plugin/policy/policy-desk.ts";
import { PolicyState } from "../../../plugin/policy/policy-state.ts";
import { rankIntentions } from "../../../plugin/policy/ranked-intentions.ts";
import type { KnownNames } from "../../../plugin/policy/service-names.ts";
import { ServicePolicies } from "../../../plugin/policy/service-policies.ts";
import { Taps } from "../../../plugin/tap/taps.ts";
import { toInstance } from "../../../plugin/workload/health.ts";
import {
  type PolicyStore,
  policyConflict,
  type StoredPolicy,
} from "../../../registry/policy-store.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { NO_INTENTIONS, policiesView } from "../../helpers/policies.ts";
import { NODE, workloadOf } from "../../helpers/workloads.ts";
import { exampleStatus } from "../commands/example-status.ts";

export const SHOP: KnownNames = ["orders", "web"].map((alias) => ({
  service: `shop-${alias}`,
  aliases: [{ project: "shop", alias }],
}));

/** Keeps policies in memory, with the promises of the real ones. */
export class MemoryPolicyStore implements PolicyStore {
  readonly #versions = new Map<string, readonly StoredPolicy[]>();
  /** Awaited between looking and writing, so that a test can be somebody else who writes meanwhile. */
  meanwhile: () => Promise<void> = async () => undefined;

  async read(service: string): Promise<StoredPolicy | undefined> {
    return this.#versions.get(service)?.[0];
  }

  async write(
    service: string,
    expected: number,
    { document, note }: Pick<StoredPolicy, "document" | "note">,
  ): Promise<StoredPolicy> {
    const { meanwhile } = this;
    this.meanwhile = async () => undefined;
    await meanwhile();
    const history = this.#versions.get(service) ?? [];
    const found = history[0]?.version ?? 0;
    if (found !== expected) throw policyConflict(service, expected, found);
    const policy = { service, version: found + 1, document, writtenAt: 1_000 * (found + 1), note };
    this.#versions.set(service, [policy, ...history]);
    return policy;
  }

  async history(service: string): Promise<readonly StoredPolicy[]> {
    return this.#versions.get(service) ?? [];
  }

  async *views(): AsyncGenerator<never, void, undefined> {
    // Nobody follows it in these tests.
  }
}

export interface ApiParts {
  readonly store: PolicyStore;
  /** What the labels of shop-orders say. */
  readonly labels: PolicyDocument;
  /** What the agent knows of policies; by default that there are none. */
  readonly state: PolicyState;
}

function quietState(): PolicyState {
  const state = new PolicyState();
  state.setPolicies(policiesView({}));
  state.setIntentions(NO_INTENTIONS);
  return state;
}

export function apiSources(
  changes: Partial<ApiSources> = {},
  { store = new MemoryPolicyStore(), labels = {}, state = quietState() }: Partial<ApiParts> = {},
): ApiSources {
  const policies = new ServicePolicies(state);
  const instance: Instance = toInstance(workloadOf("orders", "a", { policy: labels }), NODE);
  policies.refresh([instance], SHOP);
  return {
    status: () => exampleStatus,
    plan: () => "nothing to do\n",
    metrics: () => [],
    certificates: () => [],
    intentions: () => rankIntentions(state.intentions),
    healthy: () => true,
    desk: new PolicyDesk({ store, policies, known: () => SHOP }),
    endpoints: () => [],
    check: async () => [],
    leave: () => ({ attached: 0, due: 0 }),
    explain: async () => assert.fail("nothing is explained in this test"),
    taps: new Taps(() => undefined),
    clock: new ManualClock(),
    log: silentLog,
    ...changes,
  };
}
