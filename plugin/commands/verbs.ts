// The table of verbs, in the order of the help text.
import type { Verb } from "./command.ts";

export const VERBS: readonly Verb[] = [
  {
    name: "status",
    summary: "Show services, workloads, sidecars and problems of this node",
    load: async () => (await import("./status.ts")).status,
  },
  {
    name: "endpoints",
    summary: "Show the endpoints of a service as its callers see them",
    load: async () => (await import("./endpoints.ts")).endpoints,
  },
  {
    name: "policy",
    summary: "Look at and change how services are called and by whom",
    load: async () => (await import("./policy.ts")).policy,
  },
  {
    name: "version",
    summary: "Show the version of this command",
    load: async () => (await import("./version.ts")).version,
  },
  {
    // How the command reaches an agent: it runs this verb inside the agent's container.
    name: "request",
    summary: undefined,
    load: async () => (await import("./request.ts")).request,
  },
];
