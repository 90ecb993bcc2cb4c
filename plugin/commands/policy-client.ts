// The part of the agent's API that is about services, as functions for the verbs.
import { MeshError } from "../../mesh/errors.ts";
import type { EffectiveField } from "../../mesh/policy/document.ts";
import { MAX_DOCUMENT } from "../../mesh/policy/read-policy.ts";
import type { StoredPolicy } from "../../registry/policy-store.ts";
import { BODY_LIMIT } from "../api/body-limit.ts";
import type { CallerReport } from "../policy/caller-reports.ts";
import type { ShownPolicy } from "../policy/policy-desk.ts";
import type { ApiCall } from "./api-call.ts";
import { type AskedEngine, callAgent, chooseEngine } from "./ask-agent.ts";
import type { CommandContext } from "./command.ts";
import { misunderstood, readBody } from "./read-answer.ts";
import { Refused } from "./refused.ts";

/** A policy with every field that is in force. */
export interface ExplainedPolicy extends ShownPolicy {
  readonly fields: readonly EffectiveField[];
}

export interface Replacement {
  /** The version that it replaces; 0 for none yet. */
  readonly expected: number;
  /** What is not a text is refused by the agent, with the name of the field. */
  readonly document: Readonly<Record<string, unknown>>;
  /** Also for a service that nobody runs yet. */
  readonly create: boolean;
}

/** All methods throw Refused for what the agent refused, and MeshErrors when it cannot be reached. */
export class PolicyClient {
  readonly #engine: AskedEngine;
  readonly #signal: AbortSignal;

  private constructor(engine: AskedEngine, signal: AbortSignal) {
    this.#engine = engine;
    this.#signal = signal;
  }

  /** Asks nobody yet. */
  static async open(context: CommandContext): Promise<PolicyClient> {
    return new PolicyClient(await chooseEngine(context), context.signal);
  }

  async policy(service: string, create = false): Promise<ShownPolicy> {
    const path = `${policyPath(service)}${create ? "?create=true" : ""}`;
    return asPolicy(await this.#ask({ method: "GET", path }));
  }

  async explain(service: string): Promise<ExplainedPolicy> {
    const path = `${policyPath(service)}?effective=true`;
    const policy = asPolicy(await this.#ask({ method: "GET", path })) as ExplainedPolicy;
    if (!Array.isArray(policy.fields)) throw misunderstood();
    return policy;
  }

  async replace(service: string, replacement: Replacement): Promise<ShownPolicy> {
    const { expected, document, create } = replacement;
    const path = `${policyPath(service)}${create ? "?create=true" : ""}`;
    const body = JSON.stringify(document);
    // It travels in a variable, for which the agent's system has a limit of its own.
    if (Buffer.byteLength(body) > BODY_LIMIT) throw tooLarge(service);
    return asPolicy(await this.#ask({ method: "PUT", path, expected, body }));
  }

  /** Newest first. */
  async history(service: string): Promise<readonly StoredPolicy[]> {
    const answer = await this.#ask({ method: "GET", path: `${policyPath(service)}/history` });
    const { versions } = answer as { readonly versions?: readonly StoredPolicy[] };
    if (!Array.isArray(versions)) throw misunderstood();
    return versions;
  }

  async rollback(service: string, version: number): Promise<ShownPolicy> {
    const path = `${policyPath(service)}/rollback`;
    const body = JSON.stringify({ version });
    return asPolicy(await this.#ask({ method: "POST", path, body }));
  }

  async endpoints(service: string): Promise<readonly CallerReport[]> {
    const path = `${servicePath(service)}/endpoints`;
    const { endpoints } = (await this.#ask({ method: "GET", path })) as {
      readonly endpoints?: readonly CallerReport[];
    };
    if (!Array.isArray(endpoints)) throw misunderstood();
    return endpoints;
  }

  async #ask(call: ApiCall): Promise<object> {
    return readBody(await callAgent(this.#engine, call, this.#signal));
  }
}

function policyPath(service: string): string {
  return `${servicePath(service)}/policy`;
}

function servicePath(service: string): string {
  // Such as "$SERVICE" of a script that forgot to set it.
  if (service === "") {
    throw new MeshError("SERVICE_UNKNOWN", 'expected the name of a service, got ""');
  }
  return `/v1/services/${encodeURIComponent(service)}`;
}

function tooLarge(service: string): Refused {
  return new Refused("POLICY_INVALID", [
    `the policy of ${service} is refused, nothing was changed: expected at most ${MAX_DOCUMENT} characters of names and values together`,
  ]);
}

function asPolicy(answer: Partial<ShownPolicy>): ShownPolicy {
  const { service, version, document } = answer;
  const isPolicy =
    typeof service === "string" && typeof version === "number" && typeof document === "object";
  if (!isPolicy) throw misunderstood();
  return answer as ShownPolicy;
}
