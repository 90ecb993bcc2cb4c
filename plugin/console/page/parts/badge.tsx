// A word with a colour. The word alone says it all.
import type { ComponentChildren, VNode } from "preact";

export type Tone = "good" | "warning" | "bad" | "plain";

export function Badge({
  tone,
  children,
}: {
  readonly tone: Tone;
  readonly children: ComponentChildren;
}): VNode {
  return <span class={`badge ${tone}`}>{children}</span>;
}

/** How the words of the mesh sound; unknown ones are told plainly. */
const TONES: Readonly<Record<string, Tone>> = {
  ...{ passing: "good", ready: "good", healthy: "good", strict: "good", allow: "good" },
  ...{ warning: "warning", starting: "warning", draining: "warning", silent: "warning" },
  ...{ probing: "warning", recovering: "warning", off: "warning" },
  ...{ critical: "bad", failing: "bad", absent: "bad", lost: "bad", ejected: "bad", deny: "bad" },
};

/** One of the mesh's own words for a state. */
export function StateBadge({ state }: { readonly state: string }): VNode {
  return <Badge tone={TONES[state] ?? "plain"}>{state}</Badge>;
}
