// The policies of all services as they are at this moment: labels of containers, documents that people have set, and the
// names that these mean. Worked out anew for a service only when something about it has changed.
import { isDeepStrictEqual } from "node:util";
import type { Instance } from "../../mesh/model.ts";
import { type EffectiveField, MESH_WIDE, type PolicyDocument } from "../../mesh/policy/document.ts";
import type { OwnIntentions } from "../../proxy/configuration/snapshot.ts";
import type { Problem } from "../status.ts";
import {
  type EffectivePolicy,
  effectivePolicy,
  explainPolicy,
  type PolicySources,
} from "./effective-policy.ts";
import { type LabelPolicies, labelPolicies, type PolicyFacts } from "./label-policies.ts";
import { ownIntentions } from "./own-intentions.ts";
import type { PolicyState } from "./policy-state.ts";
import { type KnownNames, nameResolver } from "./service-names.ts";

const HOSTS = "gateway.host";

interface Worked {
  /** What it was worked out from. */
  readonly from: string;
  readonly policy: EffectivePolicy;
}

export class ServicePolicies {
  readonly #state: PolicyState;
  #facts: ReadonlyMap<string, PolicyFacts> = new Map();
  #known: KnownNames = [];
  #labels: LabelPolicies = labelPolicies([]);
  readonly #worked = new Map<string, Worked>();

  constructor(state: PolicyState) {
    this.#state = state;
  }

  /** Takes note of all copies of services, and of all services, those without a copy included. */
  refresh(instances: readonly Instance[], known: KnownNames): void {
    this.#labels = labelPolicies(instances, this.#labels);
    const { facts } = this.#labels;
    const before = this.#facts;
    // A service whose last copy is gone keeps its labels as long as it is remembered: stand-ins are for that moment.
    this.#facts = new Map(
      known.map((service) => {
        const { service: name, aliases } = service;
        const unknown = { project: aliases[0]?.project, labels: {} };
        return [name, facts.get(name) ?? before.get(name) ?? unknown];
      }),
    );
    if (!isCalledAlike(known, this.#known)) this.#worked.clear();
    this.#known = known;
  }

  of(service: string): EffectivePolicy {
    const sources = this.#sources(service, this.#state.document(service));
    const project = this.#facts.get(service)?.project;
    const from = JSON.stringify([sources, project]);
    const worked = this.#worked.get(service);
    if (worked?.from === from) return worked.policy;
    const policy = effectivePolicy(sources, nameResolver(this.#known, project));
    this.#worked.set(service, { from, policy });
    return policy;
  }

  /** Whether its labels or people name hosts for it: of thousands of services few have any, and this costs less than {@link of}. */
  namesHosts(service: string): boolean {
    const { label, policy } = this.#sources(service, this.#state.document(service));
    return Boolean(label[HOSTS] || policy[HOSTS]);
  }

  intentions(service: string): OwnIntentions {
    return ownIntentions(this.#state.intentions, service);
  }

  /** Every field of a service's policy and its source, if these documents were in force for it and for the mesh. */
  explain(
    service: string,
    policy: PolicyDocument,
    mesh: PolicyDocument,
  ): readonly EffectiveField[] {
    return explainPolicy({ ...this.#sources(service, policy), mesh });
  }

  /** What holds of a service's policy before the document that people set for it. */
  beneath(service: string): PolicyDocument {
    const { mesh, label } = this.#sources(service, {});
    return { ...mesh, ...label };
  }

  /** What people have set, as it is in force; empty for nothing. */
  stored(service: string): PolicyDocument {
    return this.#state.document(service);
  }

  /** The version that people have set; 0 for none. */
  version(service: string): number {
    return this.#state.version(service);
  }

  /** Whether enough is known for any sidecar to be told. */
  get isComplete(): boolean {
    return this.#state.isComplete;
  }

  get problems(): readonly Problem[] {
    const contradictions = [...this.#facts.keys()].flatMap((service) =>
      this.of(service).problems.map((problem) => ({
        ...{ subject: service, code: "POLICY_INVALID" },
        message: `in the policy that all sources make together: ${problem}`,
      })),
    );
    return [...this.#state.problems, ...this.#labels.problems, ...contradictions];
  }

  #sources(service: string, policy: PolicyDocument): PolicySources {
    if (service === MESH_WIDE) return { mesh: policy, label: {}, policy: {} };
    return {
      mesh: this.#state.document(MESH_WIDE),
      label: this.#facts.get(service)?.labels ?? {},
      policy,
    };
  }
}

/** Whether names mean what they meant. */
function isCalledAlike(now: KnownNames, before: KnownNames): boolean {
  return (
    now.length === before.length &&
    now.every((service, index) => {
      const last = before[index];
      return (
        service === last ||
        (service.service === last?.service && isDeepStrictEqual(service.aliases, last.aliases))
      );
    })
  );
}
