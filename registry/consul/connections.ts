// How the connections that Consul takes from one address are shared out. It refuses what is beyond its limit, be that a
// registration: so that each kind of question has a share of its own, and those that wait for a turn wait only for their like.
import { Slots } from "./slots.ts";
import type { AgentSelf } from "./types.ts";

/** What Consul takes from one address where nobody says otherwise. */
const USUAL_LIMIT = 200;
/** Each takes memory here and there, so that without a limit there is one all the same. */
const MOST = 2_000;
/** For queries that wait of which there is one each: names, critical checks, roots, intentions, policies, and the like. */
const SINGLE = 8;

/** How many of each kind there may be at the same time. */
export interface Shares {
  /** Calls that the node's Consul agent answers by itself, healths and registrations among them: these are never late. */
  readonly own: number;
  /** Other calls that are answered at once. */
  readonly prompt: number;
  /** Those of `prompt` that read services. */
  readonly serviceReads: number;
  /** Those of `prompt` that ask for a certificate: a new one takes Consul's servers some time. */
  readonly certificateReads: number;
  /** Queries that wait for a change of a service. */
  readonly serviceWaits: number;
  /** Queries that wait for a new certificate; these hardly ever change. */
  readonly certificateWaits: number;
}

/** The shares of a limit, which is Consul's `limits.http_max_conns_per_client`; 0 for none. Below 15 it is exceeded. */
export function sharesOf(limit: number): Shares {
  const all = limit > 0 ? Math.min(limit, MOST) : MOST;
  const part = (share: number, least: number, most: number): number =>
    Math.min(most, Math.max(least, Math.floor(all * share)));
  const own = part(0.1, 1, 20);
  const prompt = part(0.1, 4, 20);
  const certificateWaits = part(0.1, 1, 200);
  // Others may be at the same address.
  const left = all - own - prompt - certificateWaits - SINGLE - part(0.06, 0, 50);
  return {
    ...{ own, prompt, certificateWaits, serviceWaits: Math.max(1, left) },
    ...{ serviceReads: Math.floor((prompt * 2) / 3), certificateReads: Math.floor(prompt / 4) },
  };
}

/** Consul's limit as its settings in force tell it; the usual one where they do not. */
export function limitOf({ DebugConfig: settings }: AgentSelf): number {
  const limit = settings?.["HTTPMaxConnsPerClient"];
  return typeof limit === "number" ? limit : USUAL_LIMIT;
}

/** The turns that are taken; all that one client asks goes by them. */
export class Connections implements Readonly<Record<keyof Shares, Slots>> {
  readonly own: Slots;
  readonly prompt: Slots;
  readonly serviceReads: Slots;
  readonly certificateReads: Slots;
  readonly serviceWaits: Slots;
  readonly certificateWaits: Slots;

  constructor() {
    const shares = sharesOf(USUAL_LIMIT);
    this.own = new Slots(shares.own);
    this.prompt = new Slots(shares.prompt);
    this.serviceReads = new Slots(shares.serviceReads);
    this.certificateReads = new Slots(shares.certificateReads);
    this.serviceWaits = new Slots(shares.serviceWaits);
    this.certificateWaits = new Slots(shares.certificateWaits);
  }

  /** Keeps to Consul's limit from now on. */
  keepTo(limit: number): void {
    const shares = sharesOf(limit);
    for (const kind of Object.keys(shares) as (keyof Shares)[]) this[kind].resize(shares[kind]);
  }
}
