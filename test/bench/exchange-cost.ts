// What one request and its response cost the engine by itself, without sockets: nanoseconds per exchange.
// node test/bench/exchange-cost.ts [hop|pair] [uncounted] [traced]
// A hop is one sidecar between caller and application; a pair is two of them with a link between. `uncounted` leaves out what
// every request is counted and timed with, which shows what that costs; with `traced` each is part of a trace.
import { Socket } from "node:net";
import { Drain } from "../../mesh/drain.ts";
import { Counters } from "../../proxy/counters.ts";
import { CallerConnection } from "../../proxy/http/caller-connection.ts";
import { CALLER_TIMEOUTS, type CallerSurroundings } from "../../proxy/http/caller-surroundings.ts";
import type { RequestHandler } from "../../proxy/http/exchanges.ts";
import { OpenExchanges } from "../../proxy/http/open-exchanges.ts";
import { OriginConnections } from "../../proxy/http/origin-connections.ts";
import type { Destination } from "../../proxy/http/streams.ts";
import { ClientLink } from "../../proxy/link/client-link.ts";
import { serveLink } from "../../proxy/link/server-link.ts";
import { Tracer } from "../../proxy/observe/tracer.ts";
import { plainConnection } from "../../proxy/transport/connection.ts";
import { Deadlines } from "../../proxy/transport/deadlines.ts";
import { Output } from "../../proxy/transport/output.ts";
import type { Wire, WireOwner } from "../../proxy/transport/wire.ts";
import { planFor } from "../helpers/plans.ts";
import { REQUEST, RESPONSE } from "./usual-messages.ts";

const ROUNDS = 10;
const TURNS = 6_000;
/** Callers that ask in one turn of the event loop, and whose requests a link carries in one write. */
const CALLERS = 32;

/** Hands what is sent to whoever is at the other end, at the end of the turn. */
class MemoryWire implements Wire {
  readonly connection = plainConnection(new Socket());
  readonly closed = false;
  readonly pending = 0;
  readonly #arrived: () => void;
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(256 * 1_024);
  length = 0;
  owner: WireOwner | undefined;

  constructor(arrived: () => void = () => undefined) {
    this.#arrived = arrived;
  }

  start(owner: WireOwner): void {
    this.owner = owner;
  }

  send(output: Output): boolean {
    output.bytes.copy(this.bytes, this.length, 0, output.length);
    this.length += output.length;
    output.length = 0;
    this.#arrived();
    return true;
  }

  pause(): void {}
  resume(): void {}
  end(): void {}
  close(): void {}
  reset(): void {}
}

const output = new Output();
const deadlines = new Deadlines();
const request = Buffer.from(REQUEST);
const response = Buffer.from(RESPONSE);
const tracer = new Tracer();
tracer.enabled = process.argv.includes("traced");
const exchanges = new OpenExchanges(undefined, undefined, tracer);
const counters = new Counters();
const drain = new Drain();
let finished = 0;

/** An application that answers everything, behind as many connections as it is asked for. */
function application(): Destination {
  const asked: MemoryWire[] = [];
  const origins = new OriginConnections({
    ...{ output, deadlines, answers: undefined, unreachable: "APPLICATION_UNREACHABLE" },
    onEnded: () => undefined,
  });
  answering.push(() => {
    for (const wire of asked.splice(0)) {
      wire.length = 0;
      wire.owner?.onBytes(response, response.length);
    }
  });
  for (let connection = 0; connection < CALLERS; connection += 1) {
    const wire: MemoryWire = new MemoryWire(() => asked.push(wire));
    origins.adopt(wire).rest();
  }
  return {
    key: "application",
    open: (listener, _fresh, risky) => {
      const idle = origins.take(risky);
      if (idle === undefined) throw new Error("expected an idle connection");
      return idle.begin(listener);
    },
    retire: () => undefined,
    close: () => undefined,
  };
}
/** Everything that has to happen until the requests of a turn are answered, in order. */
const answering: (() => void)[] = [];

function handler(destination: Destination): RequestHandler {
  const plan = planFor([destination], {
    ...{ service: "catalog", host: Buffer.from("catalog") },
    forwardedFor: Buffer.from("192.0.2.7"),
  });
  const uncounted = {
    closing: false,
    plan: () => plan,
    review: () => undefined,
    refused: () => undefined,
    finished: () => {
      finished += 1;
    },
  };
  if (process.argv.includes("uncounted")) return uncounted;
  return {
    closing: false,
    plan: () => {
      counters.countOutbound(plan.service);
      drain.enter();
      return plan;
    },
    review: () => undefined,
    refused: () => undefined,
    finished: (_status, milliseconds) => {
      finished += 1;
      drain.leave();
      counters.outboundTimes.record(milliseconds);
    },
  };
}

/** Another sidecar, on a link that needs no network. */
function sidecar(behind: Destination): Destination {
  const unheard = { onViolation: () => undefined, onClosed: () => undefined };
  const near = new MemoryWire();
  const far = new MemoryWire();
  const carry = (from: MemoryWire, to: MemoryWire): void => {
    const { length } = from;
    from.length = 0;
    if (length > 0) to.owner?.onBytes(from.bytes, length);
  };
  serveLink(far, exchanges, handler(behind), unheard);
  const link = new ClientLink(near, {
    ...{ ...unheard, deadlines, answers: async () => true },
    ...{ onDraining: () => undefined, onDeparting: () => undefined },
  });
  link.flush();
  answering.unshift(
    () => link.flush(),
    () => carry(near, far),
  );
  answering.push(
    () => served.flush(),
    () => carry(far, near),
  );
  const served = far.owner as unknown as { flush(): void };
  served.flush();
  carry(near, far);
  carry(far, near);
  return {
    key: "sidecar",
    open: (listener) => link.openStream(listener),
    retire: () => undefined,
    close: () => undefined,
  };
}

const isPair = process.argv[2] === "pair";
const destination = isPair ? sidecar(application()) : application();
const surroundings: CallerSurroundings = {
  ...{ output, deadlines, exchanges, timeouts: CALLER_TIMEOUTS, drain },
};
const callers = Array.from({ length: CALLERS }, () => {
  const wire = new MemoryWire();
  new CallerConnection(wire, surroundings, handler(destination));
  return wire;
});

let best = Number.POSITIVE_INFINITY;
for (let round = 0; round < ROUNDS; round += 1) {
  const startedAt = process.hrtime.bigint();
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const caller of callers) {
      caller.length = 0;
      caller.owner?.onBytes(request, request.length);
    }
    for (const step of answering) step();
  }
  best = Math.min(best, Number(process.hrtime.bigint() - startedAt) / (TURNS * CALLERS));
}
deadlines.close();
const hops = isPair ? 2 : 1;
if (finished !== ROUNDS * TURNS * CALLERS * hops) throw new Error(`only ${finished} were finished`);
process.stdout.write(`${isPair ? "pair" : "hop"}: ${best.toFixed(0)} ns for one exchange\n`);
process.exit(0);
