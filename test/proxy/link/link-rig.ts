// Two of our sidecars' ends of a link, with scripted neighbours.
import { ClientLink, type ClientLinkOwner } from "../../../proxy/link/client-link.ts";
import type { LinkViolation } from "../../../proxy/link/frames.ts";
import { type ServerLink, serveLink } from "../../../proxy/link/server-link.ts";
import { Deadlines } from "../../../proxy/transport/deadlines.ts";
import type { Wire } from "../../../proxy/transport/wire.ts";
import type { WirePair } from "./connections.ts";
import { type ScriptedExchange, ScriptedExchanges, StubHandler } from "./scripted-exchanges.ts";

/** Takes note of everything. */
export class Witness implements ClientLinkOwner {
  readonly deadlines: Deadlines = new Deadlines(20);
  readonly violations: LinkViolation[] = [];
  closed = 0;
  drained = 0;
  departed = 0;
  asked = 0;
  /** Whether the peer's address answers. */
  alive = true;

  async answers(): Promise<boolean> {
    this.asked += 1;
    return this.alive;
  }

  onViolation(reason: LinkViolation): void {
    this.violations.push(reason);
  }

  onDraining(): void {
    this.drained += 1;
  }

  onDeparting(): void {
    this.departed += 1;
  }

  onClosed(): void {
    this.closed += 1;
  }
}

export interface Dialed {
  readonly link: ClientLink;
  readonly owner: Witness;
}

export interface Served {
  readonly link: ServerLink;
  readonly owner: Witness;
  readonly exchanges: ScriptedExchanges;
  readonly handler: StubHandler;
}

type Script = (exchange: ScriptedExchange) => void;

export function dialed(wire: Wire): Dialed {
  const owner = new Witness();
  return { link: new ClientLink(wire, owner), owner };
}

export function served(wire: Wire, script?: Script): Served {
  const owner = new Witness();
  const exchanges = new ScriptedExchanges(script);
  const handler = new StubHandler();
  return { link: serveLink(wire, exchanges, handler, owner), owner, exchanges, handler };
}

/** A whole link. */
export function linked(
  { near, far }: WirePair,
  script?: Script,
): { readonly client: Dialed; readonly server: Served } {
  return { client: dialed(near), server: served(far, script) };
}
