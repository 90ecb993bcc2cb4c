// What is left of a list when the reader looks for something, and what the live requests are asked for. Pure.
import type { WorkloadStatus } from "../../../status.ts";

/** Those in whose texts every word occurs, wherever. */
export function matching<Item>(
  items: readonly Item[],
  search: string,
  textsOf: (item: Item) => readonly (string | undefined)[],
): readonly Item[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return items;
  return items.filter((item) => {
    const text = textsOf(item).join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Fields of the query by which live requests are chosen, in the address and at the agent alike. */
export const TAP_FIELDS = ["service", "source", "method", "path", "status"] as const;

/** The address of the stream; empty fields are left out. */
export function tapAddress(base: string, query: Readonly<Record<string, string>>): string {
  const search = new URLSearchParams();
  for (const name of TAP_FIELDS) {
    const value = query[name]?.trim();
    if (value !== undefined && value !== "") search.set(name, value);
  }
  if (query["failed"] === "true") search.set("failed", "true");
  return `${base}?${search}`;
}

export type Expiry = "good" | "soon" | "over" | "none";

/** Leaves are renewed at half of their life, and live a day or three where nobody says otherwise: one in its last hour is late. */
const LATE = 3_600_000;

/** How near the end of a workload's certificate is. */
export function expiryOf(
  { certificateExpiresAt }: Pick<WorkloadStatus, "certificateExpiresAt">,
  now: number,
): Expiry {
  if (certificateExpiresAt === undefined) return "none";
  if (certificateExpiresAt <= now) return "over";
  return certificateExpiresAt - now < LATE ? "soon" : "good";
}
