// The project that the specifications of policies share: web calls orders (three copies of one version, one of the next),
// with a backup beside it. Policies are set as a user sets them, by `docker mesh policy`.
import assert from "node:assert/strict";
import { meshCommand } from "./docker.ts";
import { eventually } from "./eventually.ts";
import type { Mesh } from "./mesh.ts";
import { type Call, type CallOptions, callFrom, moodyService, setMood } from "./moody.ts";
import { ComposeProject, echoService } from "./project.ts";

export type Fields = Readonly<Record<string, string>>;

export class PolicyProject implements AsyncDisposable {
  readonly project: ComposeProject;
  readonly name: string;
  /** By service, in the order of `docker compose ps`. */
  readonly #containers = new Map<string, readonly string[]>();

  /** How often a policy was enforced. */
  #enforced = 0;

  private constructor(project: ComposeProject) {
    this.project = project;
    this.name = project.name;
  }

  /** `labels`: of orders; `others`: services beside these, by name. */
  static async up(
    mesh: Mesh,
    name: string,
    labels: Fields = {},
    others: Readonly<Record<string, object>> = {},
  ): Promise<PolicyProject> {
    const orders = (version: string, replicas: number): object =>
      moodyService(
        { "mesh.service": `${name}-orders`, "mesh.version": version, ...labels },
        { deploy: { replicas } },
      );
    const project = await ComposeProject.up(name, {
      services: {
        // Names that no container has are looked up outside, where there may be nobody to ask.
        web: echoService({ "mesh.enable": "true" }, { dns_opt: ["timeout:1", "attempts:1"] }),
        stranger: echoService({ "mesh.enable": "true" }),
        orders: orders("v1", 3),
        next: orders("v2", 1),
        backup: moodyService({}),
        ...others,
      },
    });
    const started = new PolicyProject(project);
    const single = ["web", "backup", ...Object.keys(others)].map((other) => [
      `${name}-${other}`,
      1,
    ]);
    await mesh.untilReady({ [`${name}-orders`]: 4, ...Object.fromEntries(single) });
    return started;
  }

  /** The catalog's name of a service. */
  service(service: string): string {
    return `${this.name}-${service}`;
  }

  async containersOf(service: string): Promise<readonly string[]> {
    const known = this.#containers.get(service) ?? (await this.project.containersOf(service));
    this.#containers.set(service, known);
    return known;
  }

  /** Sets fields of a service's policy; what was set before stays. */
  async set(service: string, fields: Fields): Promise<string> {
    const changes = Object.entries(fields).map(([field, value]) => `${field}=${value}`);
    return await meshCommand("policy", "set", this.service(service), ...changes);
  }

  /** The same, and waits until a caller's sidecar follows it; no endpoint is asked for that. */
  async enforce(service: string, fields: Fields, from = "web"): Promise<void> {
    this.#enforced += 1;
    const path = `/enforced-${this.#enforced}`;
    await this.set(service, { ...fields, "route.set.path": path, "route.set.abort": "418" });
    await eventually(async () => void (await this.expect(418, path, { from, to: service })));
  }

  /** Takes everything away that was set. */
  async reset(service: string): Promise<void> {
    const text = await meshCommand("policy", "get", this.service(service), "--format", "json");
    const { document } = JSON.parse(text) as { document: Fields };
    const names = Object.keys(document);
    if (names.length > 0) await meshCommand("policy", "unset", this.service(service), ...names);
  }

  /** Requests from web to a service, by its name in the project. */
  async call(
    path: string,
    count = 1,
    options: CallOptions & { readonly from?: string; readonly to?: string } = {},
  ): Promise<readonly Call[]> {
    const { from = "web", to = "orders", ...rest } = options;
    const [caller] = await this.containersOf(from);
    return await callFrom(String(caller), `http://${to}:8080${path}`, count, rest);
  }

  /** One request that must be answered with this status. */
  async expect(
    status: number,
    path: string,
    options: CallOptions & { readonly from?: string; readonly to?: string } = {},
  ): Promise<Call> {
    const [call] = await this.call(path, 1, options);
    assert.ok(call !== undefined);
    assert.equal(call.status, status, `${call.status} ${call.body}`);
    return call;
  }

  /** Changes how the application in one container answers; tells how many requests it has had. */
  async mood(container: string, mood: { fail?: number; delay?: number } = {}): Promise<number> {
    return await setMood(container, mood);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.project[Symbol.asyncDispose]();
  }
}
