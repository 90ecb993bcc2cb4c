// A shop as an agent knows it, for specifications of explanations: web calls orders (two copies of v1, one of v2), with a
// backup and a reports service beside it; vault carries byte streams, and nobody shares a network with island.
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import type { Intention } from "../../mesh/policy/intention.ts";
import { Explainer } from "../../plugin/explain/explainer.ts";
import type { Explanation, Question } from "../../plugin/explain/explanation.ts";
import { PolicyState } from "../../plugin/policy/policy-state.ts";
import { ServicePolicies } from "../../plugin/policy/service-policies.ts";
import type { LocalWorkload } from "../../plugin/reconcile/reconciler.ts";
import { buildDirectory, toKnownService } from "../../plugin/sidecars/directory.ts";
import { outboundOf } from "../../plugin/sidecars/outbound.ts";
import { toInstance } from "../../plugin/workload/health.ts";
import type { Workload } from "../../plugin/workload/workload.ts";
import type { CallsReport } from "../../proxy/configuration/calls-report.ts";
import type { EndpointReport, Snapshot } from "../../proxy/configuration/snapshot.ts";
import type { CatalogEntry } from "../../registry/catalog.ts";
import { BUNDLE } from "./leaves.ts";
import { NO_INTENTIONS, policiesView } from "./policies.ts";
import { NODE, onNetwork, reportOf, workloadOf } from "./workloads.ts";

export interface ShopSays {
  /** Stored policies, by short name; `*` for all. */
  readonly policies?: Readonly<Record<string, PolicyDocument>>;
  /** Labels of orders about policy. */
  readonly labels?: PolicyDocument;
  readonly intentions?: readonly Intention[];
  readonly defaultIntention?: "allow" | "deny";
  readonly upstreams?: readonly string[];
  /** Of endpoints, by container. */
  readonly health?: Readonly<Record<string, CatalogEntry["health"]>>;
  readonly states?: readonly (Pick<EndpointReport, "id"> & Partial<EndpointReport>)[];
  /** What web's sidecar tells of its calls. */
  readonly calls?: readonly CallsReport[];
  /** Key sets by address. */
  readonly keys?: Readonly<Record<string, string>>;
}

const ELSEWHERE = "node-b";
const APART = [onNetwork("island_default", "198.18.9.9")];

const V1 = workloadOf("orders", "b", { version: "v1" });
const V1_TOO = workloadOf("orders", "c", { version: "v1", containerName: "shop-orders-2" });
const V2 = workloadOf("orders", "d", { version: "v2", containerName: "shop-orders-3" });
const TCP = { "mesh.protocol": "tcp" };

/** Ids of the endpoints of orders. */
export const ORDERS: readonly string[] = [V1, V1_TOO, V2].map(({ instanceId }) => instanceId);

export function explainerOf(says: ShopSays = {}): Explainer {
  const web = workloadOf("web", "a", { upstreams: says.upstreams });
  const copies = [V1, V1_TOO, V2].map((each) => ({ ...each, policy: says.labels ?? {} }));
  const entry = (workload: Workload, node: string): CatalogEntry => ({
    instance: toInstance(workload, node),
    health: says.health?.[workload.containerName] ?? "passing",
  });
  const entries = [
    ...[entry(web, NODE), ...copies.map((copy) => entry(copy, NODE))],
    entry(workloadOf("backup", "e"), ELSEWHERE),
    entry(workloadOf("reports", "f"), ELSEWHERE),
    entry(workloadOf("vault", "0", {}, TCP), NODE),
    entry(workloadOf("island", "1", { networks: APART }), NODE),
    entry(workloadOf("far", "2"), ELSEWHERE),
  ];
  const known = entries.map(({ instance }) => toKnownService(instance));
  const directory = buildDirectory(entries, known);
  const policies = new ServicePolicies(stateOf(says));
  policies.refresh(
    entries.map(({ instance }) => instance),
    directory.services,
  );
  const local: LocalWorkload = {
    ...{ workload: web, instance: toInstance(web, NODE), health: "passing", note: "" },
    ...{ adopted: false, registered: true },
    sidecar: {
      sidecarId: "s1",
      lost: false,
      report: reportOf({ endpoints: statesOf(says), calls: says.calls }),
    },
  };
  const { services: outbound } = outboundOf(web, {
    ...{ directory, bundle: BUNDLE, node: NODE },
    policyOf: (service) => policies.of(service).caller,
  });
  return new Explainer({
    ...{ node: NODE, policies, bundle: () => BUNDLE, directory: () => directory },
    workloads: () => [local],
    snapshotOf: () => ({ version: "1", outbound }) as unknown as Snapshot,
    keySets: { keys: (address) => says.keys?.[address] },
  });
}

/** The explanation of a request of web to orders, unless the question is another one. */
export async function explained(
  says: ShopSays = {},
  question: Partial<Question> = {},
): Promise<Explanation> {
  return await explainerOf(says).explain({
    ...{ from: "web", to: "orders", method: "GET", path: "/", port: undefined, headers: [] },
    ...question,
  });
}

function stateOf({ policies = {}, intentions = [], defaultIntention }: ShopSays): PolicyState {
  const state = new PolicyState();
  const named = Object.entries(policies).map(
    ([name, document]) => [name === "*" ? name : `shop-${name}`, document] as const,
  );
  state.setPolicies(policiesView(Object.fromEntries(named)));
  const defaultAction = defaultIntention ?? "allow";
  state.setIntentions({ ...NO_INTENTIONS, defaultAction, intentions });
  return state;
}

function statesOf({ states = [] }: ShopSays): EndpointReport[] {
  return states.map((state) => ({
    ...{ service: "shop-orders", port: 8080, state: "healthy", reason: "", since: 0, share: 100 },
    ...{ ejections: 0, activeRequests: 0, latency: 0 },
    ...state,
  }));
}
