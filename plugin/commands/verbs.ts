// The table of verbs, in the order of the help text.
import type { Verb } from "./command.ts";

export const VERBS: readonly Verb[] = [
  {
    name: "up",
    summary: "Install the mesh on this machine, or change how it is set up",
    load: async () => (await import("./up.ts")).up,
  },
  {
    name: "down",
    summary: "Remove the mesh from this machine; applications go on without it",
    load: async () => (await import("./down.ts")).down,
  },
  {
    name: "upgrade",
    summary: "Replace agent and sidecars by those of another version",
    load: async () => (await import("./upgrade.ts")).upgrade,
  },
  {
    name: "status",
    summary: "Show services, workloads, sidecars and problems of this node",
    load: async () => (await import("./status.ts")).status,
  },
  {
    name: "check",
    summary: "Look at the set-up of this node, and say what to mend",
    load: async () => (await import("./check.ts")).check,
  },
  {
    name: "services",
    summary: "List the services of the mesh",
    load: async () => (await import("./services.ts")).services,
  },
  {
    name: "endpoints",
    summary: "Show the endpoints of a service as its callers see them",
    load: async () => (await import("./endpoints.ts")).endpoints,
  },
  {
    name: "explain",
    summary: "Tell where a call would go, and why",
    load: async () => (await import("./explain.ts")).explain,
  },
  {
    name: "tap",
    summary: "Show calls as they pass the sidecars of this node",
    load: async () => (await import("./tap.ts")).tap,
  },
  {
    name: "policy",
    summary: "Look at and change how services are called and by whom",
    load: async () => (await import("./policy.ts")).policy,
  },
  {
    name: "routes",
    summary: "List the routes of a service in the order in which they are tried",
    load: async () => (await import("./routes.ts")).routes,
  },
  {
    name: "intentions",
    summary: "List who may call whom, as Consul's intentions say it",
    load: async () => (await import("./intentions.ts")).intentions,
  },
  {
    name: "certs",
    summary: "List the certificates of the sidecars of this node",
    load: async () => (await import("./certs.ts")).certs,
  },
  {
    name: "plan",
    summary: "Show what the agent of this node is about to do",
    load: async () => (await import("./plan.ts")).plan,
  },
  {
    name: "logs",
    summary: "Show the log of the agent, or those of a service's sidecars",
    load: async () => (await import("./logs.ts")).logs,
  },
  {
    name: "inject",
    summary: "Write the sidecars of a compose file's services into it",
    load: async () => (await import("./inject.ts")).inject,
  },
  {
    name: "dashboard",
    summary: "Show where the console is, and the tokens to log in with",
    load: async () => (await import("./dashboard.ts")).dashboard,
  },
  {
    name: "install",
    summary: "Make docker mesh a command of the current user",
    load: async () => (await import("./install.ts")).install,
  },
  {
    name: "uninstall",
    summary: "Take docker mesh away from the commands of the current user",
    load: async () => (await import("./install.ts")).uninstall,
  },
  {
    name: "version",
    summary: "Show the versions of this command and of the agent",
    load: async () => (await import("./version.ts")).version,
  },
  {
    // How Compose reaches its providers.
    name: "compose",
    summary: undefined,
    load: async () => (await import("./compose-provider.ts")).composeProvider,
  },
  {
    // How the command reaches an agent: it runs this verb inside the agent's container.
    name: "request",
    summary: undefined,
    load: async () => (await import("./request.ts")).request,
  },
];
