// What people can do with the policies of services: look, write, go back. Every write says which version it replaces, and a
// document that is wrong changes nothing.
import { MeshError } from "../../mesh/errors.ts";
import { nearestName } from "../../mesh/nearest.ts";
import { diffDocuments } from "../../mesh/policy/diff.ts";
import {
  type EffectiveField,
  type FieldProblem,
  MESH_WIDE,
  type PolicyDocument,
} from "../../mesh/policy/document.ts";
import { validateDocument } from "../../mesh/policy/validate.ts";
import { quote } from "../../mesh/printable.ts";
import { isServiceName } from "../../mesh/service-name.ts";
import type { PolicyStore, StoredPolicy } from "../../registry/policy-store.ts";
import type { KnownNames } from "./service-names.ts";
import type { ServicePolicies } from "./service-policies.ts";

/** A document that is refused, with everything that is wrong with it. */
export class PolicyInvalid extends MeshError {
  readonly fields: readonly FieldProblem[];

  constructor(service: string, fields: readonly FieldProblem[]) {
    const count = fields.length === 1 ? "1 problem" : `${fields.length} problems`;
    super("POLICY_INVALID", `the policy of ${service} is refused, nothing was changed: ${count}`);
    this.fields = fields;
  }
}

/** A service's document, as it is kept. */
export interface ShownPolicy {
  readonly service: string;
  /** 0: nobody has ever written one. */
  readonly version: number;
  readonly document: PolicyDocument;
  /** Wall clock, ms; absent where nobody has written one. */
  readonly writtenAt?: number;
  readonly note?: string;
}

export interface PolicyDeskParts {
  readonly store: PolicyStore;
  readonly policies: ServicePolicies;
  readonly known: () => KnownNames;
}

/** Whether a write may replace this version; 0 stands for none yet. */
export type Condition = (version: number) => boolean;

/** Characters of a note. */
const NOTE_LENGTH = 200;

export class PolicyDesk {
  readonly #parts: PolicyDeskParts;

  constructor(parts: PolicyDeskParts) {
    this.#parts = parts;
  }

  /**
   * The catalog name that is meant: itself, also when only its policy is left, or a short name that one project has. Throws SERVICE_UNKNOWN for others,
   * unless they are to be created and can be a name.
   */
  resolve(name: string, create: boolean): string {
    const known = this.#parts.known();
    const isKept = name === MESH_WIDE || this.#parts.policies.version(name) > 0;
    if (isKept || known.some(({ service }) => service === name)) return name;
    const meant = known.filter(({ aliases }) => aliases.some(({ alias }) => alias === name));
    const [only] = meant;
    if (only !== undefined && meant.length === 1) return only.service;
    if (create && isServiceName(name)) return name;
    throw new MeshError("SERVICE_UNKNOWN", describeUnknown(name, meant, known));
  }

  async show(service: string, signal: AbortSignal): Promise<ShownPolicy> {
    return (await this.#parts.store.read(service, signal)) ?? { service, version: 0, document: {} };
  }

  /** Every field and where its value comes from, with the newest documents. */
  async explain(
    { service, document }: ShownPolicy,
    signal: AbortSignal,
  ): Promise<readonly EffectiveField[]> {
    const mesh = service === MESH_WIDE ? document : (await this.show(MESH_WIDE, signal)).document;
    return this.#parts.policies.explain(service, document, mesh);
  }

  async history(service: string, signal: AbortSignal): Promise<readonly StoredPolicy[]> {
    return await this.#parts.store.history(service, signal);
  }

  /** Throws PolicyInvalid, and POLICY_CONFLICT when the condition does not hold or somebody else is faster. */
  async write(
    service: string,
    json: unknown,
    condition: Condition,
    signal: AbortSignal,
  ): Promise<ShownPolicy> {
    const { document, problems } = validateDocument(json, this.#parts.policies.beneath(service));
    if (document === undefined) throw new PolicyInvalid(service, problems);
    const current = await this.show(service, signal);
    refuseConflict(current, condition);
    const note = describeChange(current.document, document);
    if (note === "") return current;
    return await this.#parts.store.write(service, current.version, { document, note }, signal);
  }

  /** Writes an earlier version again. Throws PolicyInvalid for a version that is not kept or no longer holds up. */
  async rollback(
    service: string,
    version: unknown,
    condition: Condition,
    signal: AbortSignal,
  ): Promise<ShownPolicy> {
    const current = await this.show(service, signal);
    refuseConflict(current, condition);
    const kept = await this.history(service, signal);
    const wanted = kept.find((policy) => policy.version === version);
    if (wanted === undefined) {
      const versions = kept.map((policy) => policy.version).join(", ") || "none";
      const found = quote(JSON.stringify(version) ?? "nothing");
      const message = `expected a version that is kept (${versions}), got ${found}`;
      throw new PolicyInvalid(service, [{ field: "version", message }]);
    }
    const { document, problems } = validateDocument(
      wanted.document,
      this.#parts.policies.beneath(service),
    );
    if (document === undefined) throw new PolicyInvalid(service, problems);
    const note = `rollback to ${wanted.version}`;
    return await this.#parts.store.write(service, current.version, { document, note }, signal);
  }
}

function refuseConflict({ service, version }: ShownPolicy, condition: Condition): void {
  if (condition(version)) return;
  const found = version === 0 ? "none" : `version ${version}`;
  throw new MeshError(
    "POLICY_CONFLICT",
    `expected another version of the policy of ${service} in force, found ${found}: somebody else has written it meanwhile; get it again`,
  );
}

/** Empty when nothing changes. */
function describeChange(before: PolicyDocument, after: PolicyDocument): string {
  const changes = diffDocuments(before, after);
  const set = changes.filter((change) => change.after !== undefined).map(({ field }) => field);
  const unset = changes.filter((change) => change.after === undefined).map(({ field }) => field);
  const parts = [
    set.length === 0 ? "" : `set ${set.join(", ")}`,
    unset.length === 0 ? "" : `unset ${unset.join(", ")}`,
  ];
  const text = parts.filter((part) => part !== "").join("; ");
  return text.length > NOTE_LENGTH ? `${text.slice(0, NOTE_LENGTH - 1)}…` : text;
}

function describeUnknown(name: string, meant: KnownNames, known: KnownNames): string {
  if (meant.length > 1) {
    const services = meant.map(({ service }) => service).join(", ");
    return `several services are called ${quote(name)}: say which of ${services}`;
  }
  const names = known.flatMap(({ service, aliases }) => [
    service,
    ...aliases.map(({ alias }) => alias),
  ]);
  const nearest = nearestName(name.toLowerCase(), names);
  const hint =
    nearest === undefined
      ? "`docker mesh status` lists those that are"
      : `did you mean ${nearest}?`;
  return `no service named ${quote(name)} is known: ${hint}`;
}
