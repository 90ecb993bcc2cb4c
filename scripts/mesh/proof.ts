// Showing that requests really travel through the mesh: a few page views, and what the sidecars counted of them.
import { setTimeout as delay } from "node:timers/promises";
import { renderTable } from "../../plugin/commands/table.ts";
import type { MeshStatus, WorkloadStatus } from "../../plugin/status.ts";
import { SetupError } from "../command.ts";
import { readStatus } from "./ready.ts";

const VIEWS = 20;
/** Each view goes from web to orders and from orders to inventory. */
const HOPS = 2;
const COUNTED_MS = 20_000;
const POLL_MS = 250;

/** Views the page, and resolves with the status once the sidecars' counts show it. Throws when a view fails. */
export async function proveRequests(page: string): Promise<MeshStatus> {
  const before = inboundTls(await readStatus());
  for (let view = 0; view < VIEWS; view += 1) {
    const response = await fetch(page, { signal: AbortSignal.timeout(10_000) });
    const body = await response.text();
    if (response.status !== 200) {
      throw new SetupError(
        `expected the shop page to answer 200, got ${response.status}: ${body.slice(0, 300)}`,
      );
    }
  }
  const deadline = performance.now() + COUNTED_MS;
  while (performance.now() < deadline) {
    const status = await readStatus();
    if (status !== undefined && inboundTls(status) - before >= VIEWS * HOPS) return status;
    await delay(POLL_MS);
  }
  throw new SetupError(
    `expected the sidecars to count ${VIEWS * HOPS} requests over mutual TLS after ${VIEWS} page views, but they did not`,
  );
}

function inboundTls(status: MeshStatus | undefined): number {
  return (status?.workloads ?? []).reduce((sum, { requests }) => sum + requests.inboundTls, 0);
}

/** The closing table, one row a service. */
export function renderSummary(status: MeshStatus): string {
  const services = Map.groupBy(status.workloads, ({ service }) => service);
  const rows = [...services]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([service, workloads]) => summaryRow(service, workloads));
  return renderTable(["SERVICE", "REPLICAS", "IDENTITY", "MTLS", "REQUESTS"], rows);
}

function summaryRow(service: string, workloads: readonly WorkloadStatus[]): readonly string[] {
  const passing = workloads.filter(({ health }) => health === "passing").length;
  const encrypted = workloads.reduce((sum, { requests }) => sum + requests.inboundTls, 0);
  const plain = workloads.reduce((sum, { requests }) => sum + requests.inboundPlaintext, 0);
  const [first] = workloads;
  return [
    service,
    `${passing}/${workloads.length}`,
    first?.identity ?? "-",
    first?.mtls ?? "-",
    plain === 0 ? `${encrypted} mTLS` : `${encrypted} mTLS, ${plain} from outside`,
  ];
}
