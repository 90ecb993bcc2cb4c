// What the labels of a service's containers say about its policy, where they may say different things. Pure.
import type { Instance } from "../../mesh/model.ts";
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import type { Problem } from "../status.ts";
import { describeProblems } from "./policy-state.ts";

/** What decides about a policy besides what people have set. */
export interface PolicyFacts {
  /** Whose short names count. */
  readonly project: string | undefined;
  readonly labels: PolicyDocument;
}

export interface LabelPolicies {
  readonly facts: ReadonlyMap<string, PolicyFacts>;
  readonly problems: readonly Problem[];
  /** By service. */
  readonly read: ReadonlyMap<string, Reading>;
}

/** What the copies of one service say. */
interface Reading {
  readonly copies: readonly Instance[];
  readonly facts: PolicyFacts;
  readonly problems: readonly Problem[];
}

/**
 * The youngest copy of each service is right as a whole; the others are told when they say something else. Services whose
 * copies are the very same objects as before are not read again.
 */
export function labelPolicies(
  instances: readonly Instance[],
  before: Pick<LabelPolicies, "read"> = { read: new Map() },
): LabelPolicies {
  const read = new Map<string, Reading>();
  for (const [service, copies] of Map.groupBy(instances, (instance) => instance.service)) {
    const last = before.read.get(service);
    const isSame =
      last?.copies.length === copies.length &&
      last.copies.every((copy, index) => copy === copies[index]);
    read.set(service, isSame ? last : readCopies(copies));
  }
  return {
    facts: new Map([...read].map(([service, { facts }]) => [service, facts])),
    problems: [...read.values()].flatMap(({ problems }) => problems),
    read,
  };
}

function readCopies(copies: readonly Instance[]): Reading {
  const problems: Problem[] = [];
  const sound = copies.filter((copy) => isSound(copy, problems)).sort(youngestFirst);
  const [youngest] = sound;
  const project = (youngest ?? copies[0])?.project;
  if (youngest !== undefined) complainOfOthers(youngest, sound, problems);
  return { copies, facts: { project, labels: youngest?.policy ?? {} }, problems };
}

/** What was found of documents that were looked at before: views hold the same ones again and again. */
const judged = new WeakMap<PolicyDocument, string>();

function judge(document: PolicyDocument): string | undefined {
  const before = judged.get(document);
  if (before !== undefined) return before || undefined;
  const wrong = describeProblems(document);
  judged.set(document, wrong ?? "");
  return wrong;
}

/** Copies on other nodes are known from the catalog, to which others may write. */
function isSound({ service, containerName, policy }: Instance, problems: Problem[]): boolean {
  const wrong = judge(policy);
  if (wrong === undefined) return true;
  const message = `what the labels of ${containerName} say about policy is left aside: ${wrong}`;
  problems.push({ subject: service, code: "POLICY_INVALID", message });
  return false;
}

function youngestFirst(left: Instance, right: Instance): number {
  return right.createdAt - left.createdAt || (left.id < right.id ? -1 : 1);
}

function complainOfOthers(
  youngest: Instance,
  copies: readonly Instance[],
  problems: Problem[],
): void {
  const right = canonical(youngest.policy);
  const others = copies.filter(({ policy }) => canonical(policy) !== right);
  if (others.length === 0) return;
  const names = others.map(({ containerName }) => containerName).sort();
  problems.push({
    subject: youngest.service,
    code: "LABEL_CONFLICT",
    message: `its containers have different labels about policy: those of ${youngest.containerName}, the youngest, count, not those of ${names.join(", ")}: recreate these`,
  });
}

function canonical(document: PolicyDocument): string {
  return JSON.stringify(Object.entries(document).sort(([a], [b]) => (a < b ? -1 : 1)));
}
