// The promises about endpoints, as rules over what was seen: none is used for longer than stated after it was withdrawn,
// none is forgotten, and nobody goes back to what was before. Pure; a sentence for each violation.
import type { Observations, SnapshotSeen } from "./observations.ts";
import { type Offers, offersOf, type Span } from "./offers.ts";
import { type Silence, silencesOf, tellableFrom } from "./silences.ts";

export interface Limits {
  /** Within which a change has reached every sidecar and is seen there, ms. */
  readonly told: number;
  /**
   * How long losses are not believed after the catalog was away, ms: it may not have heard yet who is alive
   * (registry/consul/loss-guard.ts).
   */
  readonly doubted: number;
}

/** What everything is held against. */
interface Known {
  readonly offers: Offers;
  readonly silences: readonly Silence[];
  readonly limits: Limits;
}

/** Everything that must not be. */
export function violations(seen: Observations, limits: Limits): readonly string[] {
  const ends = [seen.catalog, seen.snapshots, seen.uses].map((list) => list.at(-1)?.at ?? 0);
  const offers = offersOf(seen.catalog, Math.max(...ends) + 1);
  const silences = silencesOf(seen.snapshots);
  const known: Known = { offers, silences, limits };
  const snapshots = seen.snapshots.filter((one) => "caller" in one);
  return [
    ...usedAfterwards(seen, known),
    ...keptAfterwards(snapshots, known),
    ...forgotten(snapshots, known),
    ...wentBack(seen),
    ...cameBack(snapshots, known),
  ];
}

function usedAfterwards({ uses }: Observations, known: Known): string[] {
  return uses.flatMap(({ endpoint, at }) => {
    const late = lateness(endpoint, at, known);
    return late === undefined
      ? []
      : [`${endpoint} got a request ${late} ms after it was withdrawn`];
  });
}

function keptAfterwards(snapshots: readonly SnapshotSeen[], known: Known): string[] {
  return snapshots.flatMap(({ caller, endpoints, at }) =>
    endpoints.flatMap((endpoint) => {
      const late = lateness(endpoint, at, known);
      return late === undefined
        ? []
        : [`${caller} still had ${endpoint} ${late} ms after it was withdrawn`];
    }),
  );
}

/** How long ago (ms) it was withdrawn, if that is longer than stated. */
function lateness(
  endpoint: string,
  at: number,
  { offers: { spans, returns }, silences, limits: { told, doubted } }: Known,
): number | undefined {
  const own = spans.get(endpoint) ?? [];
  const span = spanAt(own, at);
  // What has not been offered yet was not withdrawn, and nobody knows of a time without an answer.
  if (span === undefined || span.offered || own[0] === span) return undefined;
  // A node knows of its own workloads before the catalog does.
  if (isBefore(own, span, at, told)) return undefined;
  const back = returns.findLast((moment) => moment <= span.from) ?? Number.NEGATIVE_INFINITY;
  const withdrawn = tellableFrom(span.from, silences);
  const believed = withdrawn - back < doubted ? back + doubted : withdrawn;
  return at - believed > told ? Math.round(at - span.from) : undefined;
}

function forgotten(
  snapshots: readonly SnapshotSeen[],
  { offers: { spans }, silences, limits: { told } }: Known,
): string[] {
  return snapshots.flatMap(({ caller, endpoints, at }) =>
    [...spans].flatMap(([endpoint, own]) => {
      const span = spanAt(own, at);
      if (span === undefined || !span.offered || endpoints.includes(endpoint)) return [];
      if (isBefore(own, span, at, told)) return [];
      if (at - tellableFrom(span.from, silences) <= told) return [];
      return [
        `${caller} did not have ${endpoint} ${Math.round(at - span.from)} ms after it was offered`,
      ];
    }),
  );
}

function wentBack({ catalog }: Observations): string[] {
  const answers = catalog.filter((seen) => "index" in seen);
  return answers.flatMap(({ index }, position) => {
    const before = answers[position - 1]?.index ?? 0;
    return index < before ? [`the catalog went back from version ${before} to ${index}`] : [];
  });
}

/** What a caller had let go comes back only by a new offer, or by news of it from a node that the catalog has lost. */
function cameBack(
  snapshots: readonly SnapshotSeen[],
  { offers: { spans, claims }, limits: { told } }: Known,
): string[] {
  const byCaller = Map.groupBy(snapshots, ({ caller }) => caller);
  return [...byCaller].flatMap(([caller, own]) =>
    own.flatMap((now, position) =>
      now.endpoints.flatMap((endpoint) => {
        const left = lastLeft(endpoint, own, position);
        if (left === undefined) return [];
        const offers = (spans.get(endpoint) ?? []).filter(({ offered }) => offered);
        const moments = [...offers.map(({ from }) => from), ...(claims.get(endpoint) ?? [])];
        const anew = moments.some((moment) => moment > left - told && moment <= now.at + told);
        return anew ? [] : [`${caller} went back to ${endpoint}, which it had let go`];
      }),
    ),
  );
}

/** When the endpoint was seen last before it left, if it was away right before this position. */
function lastLeft(
  endpoint: string,
  seen: readonly SnapshotSeen[],
  position: number,
): number | undefined {
  const before = seen.slice(0, position);
  if (before.at(-1)?.endpoints.includes(endpoint) !== false) return undefined;
  return before.findLast(({ endpoints }) => endpoints.includes(endpoint))?.at;
}

/** What is known of that moment. */
function spanAt(spans: readonly Span[], at: number): Span | undefined {
  return spans.find(({ from, to }) => from <= at && at < to);
}

/** Whether the moment is so shortly before the end of the span that the next one may be known already. */
function isBefore(spans: readonly Span[], span: Span, at: number, told: number): boolean {
  const next = spans[spans.indexOf(span) + 1];
  return next !== undefined && span.to - at <= told;
}
