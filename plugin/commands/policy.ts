// `docker mesh policy`: the verbs about policies of services.
import type { CommandGroup, Verb } from "./command.ts";
import { renderVerbs } from "./render-verbs.ts";

const VERBS: readonly Verb[] = [
  {
    name: "get",
    summary: "Show a service's policy and where each value comes from",
    load: async () => (await import("./policy-get.ts")).policyGet,
  },
  {
    name: "set",
    summary: "Set fields of a service's policy",
    load: async () => (await import("./policy-set.ts")).policySet,
  },
  {
    name: "unset",
    summary: "Take fields away from a service's policy",
    load: async () => (await import("./policy-unset.ts")).policyUnset,
  },
  {
    name: "edit",
    summary: "Edit a service's policy in an editor",
    load: async () => (await import("./policy-edit.ts")).policyEdit,
  },
  {
    name: "diff",
    summary: "Compare a service's policy with a file or with other versions",
    load: async () => (await import("./policy-diff.ts")).policyDiff,
  },
  {
    name: "history",
    summary: "List the versions of a service's policy that are kept",
    load: async () => (await import("./policy-history.ts")).policyHistory,
  },
  {
    name: "rollback",
    summary: "Make an earlier version of a service's policy the newest",
    load: async () => (await import("./policy-rollback.ts")).policyRollback,
  },
];

export const policy: CommandGroup = {
  help: `Usage:  docker mesh policy COMMAND

Look at and change how services are called and by whom; SERVICE is a service's name, or "*" for all of the mesh

Commands:
${renderVerbs(VERBS)}

Run 'docker mesh policy COMMAND --help' for more information on a command.
`,
  verbs: VERBS,
};
