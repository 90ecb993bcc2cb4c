// News of policies and intentions, from where they are kept to what the agent knows of them.
import type { IntentionSource } from "../../registry/intentions.ts";
import type { PolicyStore } from "../../registry/policy-store.ts";
import type { PolicyState } from "./policy-state.ts";

export interface FollowedPolicies {
  readonly policyStore: PolicyStore;
  readonly intentions: IntentionSource;
  readonly policyState: PolicyState;
}

/** Until the signal aborts; `onChange` is called after each change of the state. */
export async function followPolicies(
  { policyStore, intentions, policyState }: FollowedPolicies,
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> {
  const policiesSeen = async (): Promise<void> => {
    for await (const view of policyStore.views(signal)) {
      policyState.setPolicies(view);
      onChange();
    }
  };
  const intentionsSeen = async (): Promise<void> => {
    for await (const view of intentions.views(signal)) {
      policyState.setIntentions(view);
      onChange();
    }
  };
  await Promise.all([policiesSeen(), intentionsSeen()]);
}
