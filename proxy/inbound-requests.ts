// The requests of one caller's connection on their way to the own application.
import type { Caller } from "./authorize/caller.ts";
import { CallerGuard } from "./caller-guard.ts";
import type { Configuration } from "./configuration/configuration.ts";
import type { InboundRoute } from "./configuration/inbound-routes.ts";
import type { DataPlane } from "./data-plane.ts";
import type { LocalAnswer } from "./failures.ts";
import type { FinishedExchange, RequestHandler, ReviewedExchange } from "./http/exchanges.ts";
import type { Edits, RequestPlan } from "./http/plan.ts";
import type { Refusal } from "./http/refusal.ts";
import type { MessageHead } from "./http1/message-head.ts";
import { RequestView } from "./match/request-view.ts";
import type { View } from "./observe/describe-request.ts";
import { HeadEditor, NO_HEADERS } from "./route/edit-head.ts";

const NOTHING = Buffer.alloc(0);
const view = new RequestView();
const editor = new HeadEditor();

export class InboundRequests implements RequestHandler {
  readonly #plane: DataPlane;
  readonly #route: InboundRoute;
  readonly #caller: Caller;
  readonly #peer: string;
  readonly #view: View;
  readonly #guard: CallerGuard;
  readonly #forwardedFor: Buffer | undefined;
  #usual: RequestPlan | undefined;
  #usualOf: Configuration | undefined;

  constructor(plane: DataPlane, configuration: Configuration, route: InboundRoute, caller: Caller) {
    this.#plane = plane;
    this.#route = route;
    this.#caller = caller;
    this.#peer = peerOf(caller);
    const address = caller.kind === "anonymous" ? caller.address : "";
    this.#view = { reporter: "destination", peer: this.#peer, address };
    this.#guard = new CallerGuard(plane, configuration, caller);
    this.#forwardedFor = caller.kind === "anonymous" ? Buffer.from(caller.address) : undefined;
  }

  get applicationPort(): number {
    return this.#route.port.applicationPort;
  }

  get closing(): boolean {
    return this.#plane.drain.draining || this.departing;
  }

  get departing(): boolean {
    return this.#plane.configuration()?.snapshot.draining === true;
  }

  plan(head: MessageHead, http2: boolean): RequestPlan {
    const guard = this.#guard;
    const { configuration } = guard;
    this.#plane.drain.enter();
    configuration.inbound.limits.inFlight.count += 1;
    countCaller(this.#plane, this.#caller);
    const before = guard.before(head);
    const edits = guard.readsPaths ? judgedPath(head) : undefined;
    const usual = this.#usualPlan(configuration, http2);
    return before === undefined && edits === undefined ? usual : { ...usual, before, edits };
  }

  review({ sentHead }: ReviewedExchange): LocalAnswer | undefined {
    return this.#guard.review(sentHead);
  }

  finished(exchange: FinishedExchange, milliseconds: number): void {
    const { counters, drain, traffic } = this.#plane;
    const { failure } = exchange;
    drain.leave();
    this.#guard.configuration.inbound.limits.inFlight.count -= 1;
    counters.inboundTimes.record(milliseconds);
    traffic.count("destination", this.#peer, "", exchange, milliseconds);
    this.#plane.observer.finished(this.#view, exchange, milliseconds);
    if (failure !== undefined) counters.countFailure(failure);
  }

  refused(refusal: Refusal): void {
    const { counters, observer } = this.#plane;
    counters.countFailure(refusal.code);
    observer.refused(this.#view, this.#guard.configuration.inbound.telemetry, refusal);
  }

  /** Of a request that nothing is special about: the same for all of them, as long as the configuration is the same. */
  #usualPlan(configuration: Configuration, http2: boolean): RequestPlan {
    const route = this.#route;
    const targets = http2 ? route.http2Application : route.http1Application;
    const last = this.#usual;
    if (last?.targets === targets && this.#usualOf === configuration) return last;
    const { snapshot, inbound, identity } = configuration;
    this.#usualOf = configuration;
    this.#usual = {
      ...{ service: snapshot.service, targets, key: 0, conduct: inbound.conduct, host: route.host },
      ...{ added: this.#whoCalls(identity.uri), forwardedFor: this.#forwardedFor },
      ...{ before: undefined, edits: undefined, mirror: undefined, telemetry: inbound.telemetry },
    };
    return this.#usual;
  }

  /** What the application learns of its caller, in a field that no caller can have set itself. */
  #whoCalls(own: string): Buffer {
    if (this.#caller.kind === "anonymous") return NOTHING;
    return Buffer.from(`x-forwarded-client-cert: By=${own};URI=${this.#caller.uri}\r\n`);
  }
}

/** How traffic reports call a caller. */
export function peerOf(caller: Caller): string {
  return caller.kind === "authenticated" ? caller.uri : "";
}

export function countCaller({ counters }: DataPlane, caller: Caller): void {
  if (caller.kind === "authenticated") counters.inboundTls += 1;
  else counters.inboundPlaintext += 1;
}

/** Rules about paths hold for what the application sees: it gets the path in the form in which it was judged. */
function judgedPath(head: MessageHead): Edits | undefined {
  const { path, rawPath } = view.of(head);
  if (path === undefined || path === rawPath) return undefined;
  return {
    request: (sent) => editor.request(sent, { headers: NO_HEADERS, path }),
    response: (received) => received,
  };
}
