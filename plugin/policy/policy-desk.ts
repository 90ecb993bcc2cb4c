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
import { describeProblems } from "./policy-state.ts";
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

/** A service with its copies, where these are known. */
type KnownService = KnownNames[number] & { readonly entries?: readonly unknown[] };

export interface PolicyDeskParts {
  readonly store: PolicyStore;
  readonly policies: ServicePolicies;
  readonly known: () => readonly KnownService[];
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
    // By hand anything can be made an entry of the catalog, `../orders` too.
    const isKept =
      name === MESH_WIDE || (isServiceName(name) && this.#parts.policies.version(name) > 0);
    if (isKept || known.some(({ service }) => service === name)) return name;
    const meant = runningIfAny(
      known.filter(({ aliases }) => aliases.some(({ alias }) => alias === name)),
    );
    const [only] = meant;
    if (only !== undefined && meant.length === 1) return only.service;
    if (create && meant.length === 0 && isServiceName(name)) return name;
    if (meant.length === 0 && !this.#parts.policies.isComplete) throw unread(name);
    throw new MeshError("SERVICE_UNKNOWN", describeUnknown(name, meant, known));
  }

  /** Throws a MeshError when the catalog is away. */
  async show(service: string, signal: AbortSignal): Promise<ShownPolicy> {
    return (await this.#parts.store.read(service, signal)) ?? { service, version: 0, document: {} };
  }

  /** Every field and where its value comes from, with the newest documents. */
  async explain(
    { service, document }: ShownPolicy,
    signal: AbortSignal,
  ): Promise<readonly EffectiveField[]> {
    const own = this.#inForce(service, document);
    if (service === MESH_WIDE) return this.#parts.policies.explain(service, own, own);
    const { document: shared } = await this.show(MESH_WIDE, signal);
    return this.#parts.policies.explain(service, own, this.#inForce(MESH_WIDE, shared));
  }

  /** One that was changed by hand may be left aside. */
  #inForce(service: string, document: PolicyDocument): PolicyDocument {
    const holds = describeProblems(document) === undefined;
    return holds ? document : this.#parts.policies.stored(service);
  }

  async history(service: string, signal: AbortSignal): Promise<readonly StoredPolicy[]> {
    return await this.#parts.store.history(service, signal);
  }

  /**
   * Throws PolicyInvalid, POLICY_CONFLICT when the condition does not hold or somebody else is faster, and says what has
   * become of it when the catalog is away.
   */
  async write(
    service: string,
    json: unknown,
    condition: Condition,
    signal: AbortSignal,
  ): Promise<ShownPolicy> {
    const { document, problems } = validateDocument(json, this.#parts.policies.beneath(service));
    if (document === undefined) throw new PolicyInvalid(service, problems);
    refuseForAll(service, document);
    const current = await this.#replaceable(service, condition, signal);
    const note = describeChange(current.document, document);
    if (note === "") return current;
    return await this.#store(current, { document, note }, signal);
  }

  /** Writes an earlier version again. Throws PolicyInvalid for a version that is not kept or no longer holds up. */
  async rollback(
    service: string,
    version: unknown,
    condition: Condition,
    signal: AbortSignal,
  ): Promise<ShownPolicy> {
    const current = await this.#replaceable(service, condition, signal);
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
    return await this.#store(current, { document, note }, signal);
  }

  async #replaceable(
    service: string,
    condition: Condition,
    signal: AbortSignal,
  ): Promise<ShownPolicy> {
    try {
      const current = await this.show(service, signal);
      refuseConflict(current, condition);
      return current;
    } catch (error) {
      throw about(error, `the policy of ${service} was not written`);
    }
  }

  async #store(
    { service, version }: ShownPolicy,
    change: Pick<StoredPolicy, "document" | "note">,
    signal: AbortSignal,
  ): Promise<StoredPolicy> {
    try {
      return await this.#parts.store.write(service, version, change, signal);
    } catch (error) {
      // Of a write whose answer is lost nobody knows.
      const unknown = `it is not known whether the policy of ${service} was written, look at it again`;
      throw about(error, unknown);
    }
  }
}

/** What has become of a write, when the catalog is away. */
function about(error: unknown, outcome: string): unknown {
  if (!(error instanceof MeshError) || error.code !== "CATALOG_UNAVAILABLE") return error;
  return new MeshError(error.code, `${outcome}: ${error.message}`, { cause: error });
}

function unread(name: string): MeshError {
  return new MeshError(
    "CATALOG_UNAVAILABLE",
    `no service named ${quote(name)} is known, but the agent has not been able to read the catalog yet: \`docker mesh status\` says why`,
  );
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

/** Services are remembered when their last copy is gone: those must not make the name of one that runs ambiguous. */
function runningIfAny(services: readonly KnownService[]): readonly KnownService[] {
  const running = services.filter(({ entries }) => entries?.length !== 0);
  return running.length === 0 ? services : running;
}

/** What all services would say, and only one can have. */
function refuseForAll(service: string, document: PolicyDocument): void {
  if (service !== MESH_WIDE || !document["gateway.host"]) return;
  const message =
    "expected it in the policy of one service: all of them would claim the same hosts, and none would get them";
  throw new PolicyInvalid(service, [{ field: "gateway.host", message }]);
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
