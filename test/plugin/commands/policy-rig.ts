// `docker mesh` against an agent's real API, which keeps the policies of a shop in memory.
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import { type ApiSources, createApi } from "../../../plugin/api/api.ts";
import { serveApiOnSocket } from "../../../plugin/api/serve-api.ts";
import { runCommandLine } from "../../../plugin/commands/command-line.ts";
import type { CallerReport } from "../../../plugin/policy/caller-reports.ts";
import { apiSources, MemoryPolicyStore } from "../api/sources.ts";
import { liveEngine } from "./live-engine.ts";

export interface Run {
  readonly code: number;
  readonly output: string;
  readonly error: string;
}

/** What a command does that succeeds. */
export function done(output: string): Run {
  return { code: 0, output, error: "" };
}

/** What the labels of shop-orders say. */
const LABELS = { "retries.attempts": "3" };

export const REPORTS: readonly CallerReport[] = [
  {
    ...{ caller: "shop-web-1", callerService: "shop-web", endpoint: "shop-orders-a1", port: 8080 },
    ...{ state: "healthy", reason: "", since: 0, share: 100, ejections: 0 },
    ...{ latency: 0, active: 0 },
  },
];

export class PolicyRig implements AsyncDisposable {
  readonly store: MemoryPolicyStore = new MemoryPolicyStore();
  readonly directory: string;
  readonly #stop = new AbortController();
  readonly #engine: Server;

  private constructor(directory: string) {
    this.directory = directory;
    this.#engine = liveEngine(join(directory, "api.sock"));
  }

  /** `sources`: what the API shows besides. */
  static async start(sources: Partial<ApiSources> = {}): Promise<PolicyRig> {
    const rig = new PolicyRig(await mkdtemp(join(tmpdir(), "docker-mesh-")));
    const parts = { store: rig.store, labels: LABELS };
    const app = createApi(apiSources({ endpoints: () => REPORTS, ...sources }, parts));
    await serveApiOnSocket(app, join(rig.directory, "api.sock"), rig.#stop.signal);
    rig.#engine.listen(join(rig.directory, "docker.sock"));
    await once(rig.#engine, "listening");
    return rig;
  }

  /** Runs what stands behind `docker mesh`; blanks separate arguments. */
  async run(
    line: string | readonly string[],
    { input = "", ...environment }: Readonly<Record<string, string>> = {},
  ): Promise<Run> {
    const output: string[] = [];
    const error: string[] = [];
    const args = typeof line === "string" ? line.split(" ") : line;
    const host = `unix://${join(this.directory, "docker.sock")}`;
    const terminal = {
      print: (text: string) => output.push(text),
      printError: (text: string) => error.push(text),
      readInput: async () => input,
      environment: { DOCKER_CONFIG: this.directory, DOCKER_HOST: host, ...environment },
    };
    const code = await runCommandLine(["mesh", ...args], terminal, this.#stop.signal);
    return { code, output: output.join(""), error: error.join("") };
  }

  /** Somebody else sets a service's policy. */
  async set(document: PolicyDocument, service = "shop-orders"): Promise<void> {
    const expected = (await this.store.read(service))?.version ?? 0;
    await this.store.write(service, expected, { document, note: "set by a test" });
  }

  async inForce(service = "shop-orders"): Promise<PolicyDocument | undefined> {
    return (await this.store.read(service))?.document;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#engine.close();
    this.#engine.closeAllConnections();
    await rm(this.directory, { recursive: true });
  }
}
