// Policies as the agent knows them, for tests in which they are not what the test is about, or only as far as it says so.

import type { PolicyDocument } from "../../mesh/policy/document.ts";
import type { IntentionsView } from "../../mesh/policy/intention.ts";
import { KeySets } from "../../plugin/policy/key-sets.ts";
import { PolicyState } from "../../plugin/policy/policy-state.ts";
import { ServicePolicies } from "../../plugin/policy/service-policies.ts";
import type { Directory } from "../../plugin/sidecars/directory.ts";
import type { CallerPolicy, CallerSide } from "../../plugin/sidecars/outbound.ts";
import type { PoliciesView, StoredPolicy } from "../../registry/policy-store.ts";
import { BUNDLE } from "./leaves.ts";
import { ManualClock } from "./manual-clock.ts";
import { NODE } from "./workloads.ts";

export const NO_INTENTIONS: IntentionsView = {
  ...{ defaultAction: "allow", intentions: [], problems: [] },
};

export function storedPolicy(service: string, document: PolicyDocument, version = 1): StoredPolicy {
  return { service, version, document, writtenAt: 0, note: "set by a test" };
}

/** A view of these documents, by service. */
export function policiesView(documents: Readonly<Record<string, PolicyDocument>>): PoliciesView {
  const policies = Object.entries(documents).map(
    ([service, document]) => [service, storedPolicy(service, document)] as const,
  );
  return { policies: new Map(policies), problems: [] };
}

/** A state that is complete: these documents and no intentions. */
export function policyState(documents: Readonly<Record<string, PolicyDocument>> = {}): PolicyState {
  const state = new PolicyState();
  state.setPolicies(policiesView(documents));
  state.setIntentions(NO_INTENTIONS);
  return state;
}

export interface PolicyParts {
  readonly policies: ServicePolicies;
  readonly keySets: KeySets;
}

/** What a publisher needs to know of policies; key sets are never to be had. */
export function policyParts(state: PolicyState = policyState()): PolicyParts {
  const fetch = (): Promise<string> => Promise.reject(new Error("no keys in this test"));
  const parts = { fetch, remembered: new Map(), clock: new ManualClock() };
  const keySets = new KeySets({ ...parts, onChange: () => undefined });
  return { policies: new ServicePolicies(state), keySets };
}

/** How callers on the tests' node see a directory in which nobody says anything about policy. */
export function callerSide(
  directory: Directory,
  policies: Readonly<Record<string, CallerPolicy>> = {},
): CallerSide {
  const policyOf = (service: string): CallerPolicy =>
    policies[service] ?? { document: {}, services: [] };
  return { directory, bundle: BUNDLE, node: NODE, policyOf };
}
