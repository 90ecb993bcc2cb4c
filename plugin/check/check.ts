// One thing that was looked at in a node's set-up. Types only: the agent and the command both give such, and the command
// shows them.

export interface Check {
  /** One word for what was looked at, such as `consul`. */
  readonly name: string;
  /** `warning`: it works, and may not for long, or not for everybody. */
  readonly state: "fine" | "warning" | "failed";
  /** What was found, a few words or a sentence. */
  readonly found: string;
  /** What to do about it; empty where all is fine. */
  readonly cure: string;
}

export function fine(name: string, found: string): Check {
  return { name, state: "fine", found, cure: "" };
}

export function warning(name: string, found: string, cure: string): Check {
  return { name, state: "warning", found, cure };
}

export function failed(name: string, found: string, cure: string): Check {
  return { name, state: "failed", found, cure };
}
