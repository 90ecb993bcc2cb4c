// What the agent writes to a sidecar: a snapshot whole, or what has become of the one before. Services that are the same
// object are compared by a digest that is made once, however many sidecars have them.
import { createHash } from "node:crypto";
import { CONTRACT } from "../../proxy/configuration/contract.ts";
import type {
  OutboundService,
  Snapshot,
  SnapshotChange,
} from "../../proxy/configuration/snapshot.ts";

const digests = new WeakMap<OutboundService, string>();

/** Of all that a sidecar is told about the service. */
export function digestOf(service: OutboundService): string {
  const known = digests.get(service);
  if (known !== undefined) return known;
  const digest = createHash("sha256").update(JSON.stringify(service)).digest("base64");
  digests.set(service, digest);
  return digest;
}

/** The line of the whole, which says first by which contract it is to be read. */
export function wholeLine(snapshot: Snapshot): string {
  return `${JSON.stringify({ contract: CONTRACT, ...snapshot })}\n`;
}

/** The line of what differs from the snapshot that was sent before; of the whole where that cannot be told. */
export function changeLine(before: Snapshot, now: Snapshot): string {
  const fields = changedFields(before, now);
  if (fields === undefined) return wholeLine(now);
  const known = new Map(before.outbound.map((service) => [service.service, digestOf(service)]));
  const changed = now.outbound.filter(
    (service) => known.get(service.service) !== digestOf(service),
  );
  const change: SnapshotChange = {
    ...{ base: before.version, version: now.version, fields, changed },
    ...(sameNames(before, now) ? {} : { services: now.outbound.map(({ service }) => service) }),
  };
  return `${JSON.stringify(change)}\n`;
}

/** All but the services; undefined when a field has gone, which JSON could not say. */
function changedFields(before: Snapshot, now: Snapshot): Partial<Snapshot> | undefined {
  const fields = Object.entries(now).filter(([name, value]) => {
    if (name === "outbound" || name === "version") return false;
    return JSON.stringify(value) !== JSON.stringify(before[name as keyof Snapshot]);
  });
  return fields.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(fields);
}

function sameNames(before: Snapshot, now: Snapshot): boolean {
  return (
    before.outbound.length === now.outbound.length &&
    now.outbound.every(({ service }, index) => before.outbound[index]?.service === service)
  );
}
