// Without Consul there is nobody who edits intentions: the services' own rules decide alone.
import type { IntentionsView } from "../../mesh/policy/intention.ts";
import type { IntentionSource } from "../intentions.ts";

const NONE: IntentionsView = { defaultAction: "allow", intentions: [], problems: [] };

/** Keeps the promises of intentions.ts with a single view. */
export class EmbeddedIntentions implements IntentionSource {
  async *views(signal: AbortSignal): AsyncGenerator<IntentionsView, void, undefined> {
    if (signal.aborted) return;
    yield NONE;
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (!signal.aborted) await promise;
  }
}
