// Who may call whom, as Consul's intentions say it. Consul's words; precedence is `mesh/policy/intention.ts`.
import type { IntentionsView } from "../mesh/policy/intention.ts";

/** Gives the current view first and then a newer one after each change, newest only; an outage yields nothing. */
export interface IntentionSource {
  views(signal: AbortSignal): AsyncIterable<IntentionsView>;
}
