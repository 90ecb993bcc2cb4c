// What the agent writes to a sidecar: a snapshot whole, or what has become of the one before. Services that are the same
// object are written out once, however many sidecars have them.
import { createHash } from "node:crypto";
import type {
  OutboundService,
  Snapshot,
  SnapshotChange,
} from "../../proxy/configuration/snapshot.ts";

interface Written {
  readonly text: string;
  readonly digest: string;
}

const written = new WeakMap<OutboundService, Written>();

/** A service as JSON, and a digest of that. */
export function writeService(service: OutboundService): Written {
  const known = written.get(service);
  if (known !== undefined) return known;
  const text = JSON.stringify(service);
  const made = { text, digest: createHash("sha256").update(text).digest("base64") };
  written.set(service, made);
  return made;
}

/** The line of the whole. */
export function wholeLine({ outbound, ...rest }: Snapshot): string {
  const head = JSON.stringify(rest).slice(0, -1);
  return `${head},"outbound":[${outbound.map((service) => writeService(service).text).join(",")}]}\n`;
}

/** The line of what differs from the snapshot that was sent before; of the whole where that cannot be told. */
export function changeLine(before: Snapshot, now: Snapshot): string {
  const fields = changedFields(before, now);
  if (fields === undefined) return wholeLine(now);
  const known = new Map(before.outbound.map((service) => [service.service, writeService(service)]));
  const changed = now.outbound.filter(
    (service) => known.get(service.service)?.digest !== writeService(service).digest,
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
