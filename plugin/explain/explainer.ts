// Puts explanations together: who calls, where the name leads, what the caller's sidecar does with the request, and what the
// callee's says to it. What sidecars would do is asked of their own code (`proxy/explain/`), never worked out here.
import { MeshError } from "../../mesh/errors.ts";
import { formatIdentity } from "../../mesh/identity.ts";
import { type EffectiveField, MESH_WIDE } from "../../mesh/policy/document.ts";
import type { CallsReport } from "../../proxy/configuration/calls-report.ts";
import type {
  EndpointReport,
  OutboundPort,
  OutboundService,
  Snapshot,
} from "../../proxy/configuration/snapshot.ts";
import type { AccessSketch } from "../../proxy/explain/explain-access.ts";
import type { CallExplanation } from "../../proxy/explain/explain-call.ts";
import type { TrustBundle } from "../certificates/authority.ts";
import type { KeySets } from "../policy/key-sets.ts";
import type { ServicePolicies } from "../policy/service-policies.ts";
import type { LocalWorkload } from "../reconcile/reconciler.ts";
import type { Directory } from "../sidecars/directory.ts";
import { type CallerPolicy, type Outbound, outboundOf } from "../sidecars/outbound.ts";
import type { Workload } from "../workload/workload.ts";
import { reasonsOf } from "./access.ts";
import { type CalleeProblem, findCallee } from "./callees.ts";
import { type FoundCaller, findCaller } from "./callers.ts";
import { effectsOf, standIns } from "./effects.ts";
import { endpointsOf } from "./endpoints.ts";
import type {
  ExplainedAccess,
  ExplainedCaller,
  ExplainedEndpoint,
  ExplainedSetting,
  Explanation,
  Question,
} from "./explanation.ts";
import { callerNotes, limitNotes, STREAM_NOTE } from "./notes.ts";
import { resultOf } from "./result.ts";
import { settingsOf } from "./settings.ts";

export interface ExplainerParts {
  readonly node: string;
  readonly workloads: () => readonly LocalWorkload[];
  /** The newest one that was published for it. */
  readonly snapshotOf: (workload: Workload) => Snapshot | undefined;
  readonly directory: () => Directory;
  readonly bundle: () => TrustBundle | undefined;
  readonly policies: ServicePolicies;
  readonly keySets: Pick<KeySets, "keys">;
}

/** What is known before the sidecars' code is asked. */
interface Scene {
  readonly question: Question;
  readonly workload: Workload;
  readonly caller: ExplainedCaller;
  readonly outbound: Outbound;
  readonly reports: readonly EndpointReport[];
  readonly calls: readonly CallsReport[];
  readonly notes: readonly string[];
}

/** Where the name leads, and what the caller's sidecar makes of it. */
interface Led {
  readonly service: OutboundService;
  readonly port: OutboundPort;
  readonly call: CallExplanation;
}

export class Explainer {
  readonly #parts: ExplainerParts;

  constructor(parts: ExplainerParts) {
    this.#parts = parts;
  }

  /** Throws SERVICE_UNKNOWN for a caller that is not there, CONFIGURATION_INVALID for what is no request. */
  async explain(question: Question): Promise<Explanation> {
    // Hardly anybody asks: an agent does not load it before.
    const { explainCall } = await import("../../proxy/explain/explain-call.ts");
    const { readSketch } = await import("../../proxy/explain/sketch.ts");
    const { method, path, headers, to } = question;
    const head = readSketch({ method, path, host: to, headers });
    const scene = this.#look(question);
    const { outbound, workload, reports } = scene;
    const callee = findCallee({
      ...{ to, port: question.port, workload, problems: outbound.problems },
      ...{ outbound: outbound.services, directory: this.#parts.directory() },
    });
    if ("problem" in callee) return outside(scene, callee.problem);
    const { service, port } = callee;
    const call = explainCall({
      snapshot: { outbound: outbound.services, instanceId: workload.instanceId },
      ...{ service, port, reports, head: port.protocol === "tcp" ? undefined : head },
    });
    return await this.#tell(scene, { service, port, call });
  }

  async #tell(scene: Scene, led: Led): Promise<Explanation> {
    const { service, port, call } = led;
    const { question, caller, workload } = scene;
    const { method, path, headers } = question;
    const endpoints = this.#endpoints(scene, led);
    const access = await this.#access(scene, call, endpoints);
    return {
      request: { method, path, headers },
      caller,
      callee: {
        ...{ service: service.service, names: service.names, address: service.address },
        ...{ port: port.port, protocol: port.protocol },
      },
      routes: call.tried,
      effects: effectsOf({ ...call, path, sentPath: call.sent?.targetText() ?? path }),
      settings: this.#settings(led),
      ...{ endpoints, access },
      result: resultOf({
        ...{ container: workload.containerName, service: call.service, endpoints, access },
        ...{ route: call.route?.name, redirect: call.route?.redirect?.location },
        answers: call.outcomes.flatMap((each) => (each.kind === "answer" ? [each] : [])),
      }),
      notes: [
        ...scene.notes,
        ...(port.protocol === "tcp" ? [STREAM_NOTE] : []),
        ...this.#keyNotes(scene, access),
        ...limitNotes(scene.workload, scene.calls, call.service),
      ],
    };
  }

  #look(question: Question): Scene {
    const { node, workloads, directory, snapshotOf, bundle } = this.#parts;
    const found = findCaller(question.from, node, workloads(), directory());
    const { workload, local } = found;
    const { trustDomain, datacenter } = bundle() ?? refuseEarly();
    const seen = this.#outbound(found);
    const snapshot = local && snapshotOf(workload);
    const report = local?.sidecar?.report;
    return {
      ...{ question, workload, reports: report?.endpoints ?? [], calls: report?.calls ?? [] },
      outbound: snapshot === undefined ? seen : { ...seen, services: snapshot.outbound },
      caller: {
        ...{ service: workload.service, container: workload.containerName, node: found.node },
        identity: formatIdentity({ trustDomain, datacenter, service: workload.service }),
        local: local !== undefined,
      },
      notes: callerNotes(found, snapshot, report),
    };
  }

  /** As it follows from the catalog and policies alone. */
  #outbound({ workload, node }: FoundCaller): Outbound {
    const { directory, bundle, policies } = this.#parts;
    const policyOf = (service: string): CallerPolicy => policies.of(service).caller;
    return outboundOf(workload, {
      ...{ directory: directory(), bundle: bundle() ?? refuseEarly(), node, policyOf },
    });
  }

  #settings({ service, port, call }: Led): ExplainedSetting[] {
    const { policies } = this.#parts;
    const fields = (name: string): readonly EffectiveField[] =>
      policies.explain(name, policies.stored(name), policies.stored(MESH_WIDE));
    return settingsOf({
      ...{ stream: port.protocol === "tcp", route: call.route },
      ...{ routing: fields(service.service), called: fields(call.service) },
    });
  }

  #endpoints({ outbound, workload, reports }: Scene, { port, call }: Led): ExplainedEndpoint[] {
    const { services } = this.#parts.directory();
    const shares = new Map(
      call.outcomes.flatMap((each) => (each.kind === "endpoint" ? [[each.id, each.share]] : [])),
    );
    const names = [call.service, ...standIns(call.route, call.policy)];
    return [...new Set(names)].flatMap((name, index) => {
      const service = outbound.services.find((each) => each.service === name);
      // As routes do it: the same port, or else the first.
      const called = service?.ports.find((each) => each.port === port.port) ?? service?.ports[0];
      if (service === undefined || called === undefined) return [];
      return endpointsOf({
        ...{ service, port: called, reports, shares, standsIn: index > 0, keyed: call.keyed },
        directory: services.find((each) => each.service === name),
        networkIds: new Set(workload.networks.map(({ networkId }) => networkId)),
        ...{ route: call.route, policy: call.policy, answered: shares.size === 0 },
      });
    });
  }

  async #access(
    { caller }: Scene,
    { sent, service: called }: CallExplanation,
    endpoints: readonly ExplainedEndpoint[],
  ): Promise<ExplainedAccess[]> {
    const { explainAccess } = await import("../../proxy/explain/explain-access.ts");
    const shares = new Map([[called, 0]]);
    for (const { service, share } of endpoints)
      if (share > 0) shares.set(service, (shares.get(service) ?? 0) + share);
    return await Promise.all(
      [...shares].map(async ([service, share]) => {
        const callee = this.#callee(service);
        const explained = await explainAccess({ callee, caller: caller.identity, head: sent });
        const because = reasonsOf({ service, caller: caller.service, explained });
        const { decision, status, code } = explained;
        return {
          service,
          decision,
          because,
          status,
          code,
          share: Math.min(100, Math.round(share)),
        };
      }),
    );
  }

  /** A node knows the keys of issuers for the services that it runs itself. */
  #keyNotes({ question }: Scene, access: readonly ExplainedAccess[]): string[] {
    if (!question.headers.some(([name]) => name.toLowerCase() === "authorization")) return [];
    const { policies, keySets } = this.#parts;
    return access.flatMap(({ service }) => {
      const { keySet } = policies.of(service);
      if (keySet === undefined || keySets.keys(keySet) !== undefined) return [];
      return [
        `the keys of ${keySet} are not known on this node: whether ${service} takes the token is known where it runs`,
      ];
    });
  }

  #callee(service: string): AccessSketch["callee"] {
    const { policies, keySets, bundle } = this.#parts;
    const { callee, keySet } = policies.of(service);
    const { trustDomain } = bundle() ?? refuseEarly();
    return {
      ...{ service, policy: callee, intentions: policies.intentions(service) },
      ...{ certificates: { trustDomain } },
      jwks: keySet === undefined ? undefined : keySets.keys(keySet),
    };
  }
}

function outside({ question, caller, notes }: Scene, problem: CalleeProblem): Explanation {
  const { method, path, headers } = question;
  const text = `does not go through the mesh: ${problem.message}`;
  return {
    ...{ request: { method, path, headers }, caller, callee: undefined, routes: [], effects: [] },
    ...{ settings: [], endpoints: [], access: [], notes },
    result: { kind: "outside", status: undefined, code: problem.code, text },
  };
}

function refuseEarly(): never {
  throw new MeshError(
    "CATALOG_UNAVAILABLE",
    "the agent has no certificates yet, so that nobody has an identity: `docker mesh status` says why",
  );
}
