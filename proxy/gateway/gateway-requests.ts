// The requests of one client's connection to a gateway: whose host and path it is, whether plain HTTP will do, and then the
// same way to the service as a call of an application takes.
import { DEFAULT_POLICY } from "../../mesh/policy/read-policy.ts";
import type { GatewayRoutes, PublishedRoute } from "../configuration/gateway-routes.ts";
import type { DataPlane } from "../data-plane.ts";
import { failureAnswer, type LocalAnswer } from "../failures.ts";
import { CALLER_TIMEOUTS } from "../http/caller-surroundings.ts";
import type { FinishedExchange, RequestHandler } from "../http/exchanges.ts";
import type { Edits, RequestPlan } from "../http/plan.ts";
import type { Refusal } from "../http/refusal.ts";
import type { MessageHead } from "../http1/message-head.ts";
import { finishOutbound, viewOf } from "../outbound.ts";
import { OutboundPlans } from "../outbound-plans.ts";
import { UNLIMITED } from "../resilience/unlimited.ts";
import { HeadEditor, NO_HEADERS } from "../route/edit-head.ts";
import { NO_TARGETS } from "../route/route-target.ts";
import { dropClaims, forwardingLines } from "./forwarded.ts";
import type { Found } from "./host-table.ts";

/** Of a client's connection, which says more than any of its requests. */
export interface Client {
  readonly address: string;
  readonly scheme: "http" | "https";
  /** The port at which it came in. */
  readonly port: number;
}

const NOTHING = Buffer.alloc(0);
/** In reports, of requests that are for nobody. */
const NOBODY = "unknown";
const HTTPS_PORT = 443;
const MOVED = 308;
const editor = new HeadEditor();

export class GatewayRequests implements RequestHandler {
  readonly idle: number = CALLER_TIMEOUTS.idle;
  readonly #plane: DataPlane;
  readonly #client: Client;
  readonly #address: Buffer;
  readonly #plans = new OutboundPlans();
  /** The plan made last, and what of: most requests of a connection are alike. */
  #base: RequestPlan | undefined;
  #authority = "";
  #plan: RequestPlan | undefined;

  constructor(plane: DataPlane, client: Client) {
    this.#plane = plane;
    this.#client = client;
    this.#address = Buffer.from(client.address);
  }

  get closing(): boolean {
    const { drain, configuration } = this.#plane;
    return drain.draining || configuration()?.snapshot.draining === true;
  }

  plan(head: MessageHead): RequestPlan {
    const { configuration, drain, counters } = this.#plane;
    drain.enter();
    const gateway = configuration()?.gateway;
    const authority = head.authorityText();
    const found = gateway?.hosts.find(authority, head.targetText());
    if (gateway === undefined || found?.value.route === undefined) return NOT_PUBLISHED;
    const trusts = this.#isTrusted(gateway);
    const { route, redirects } = found.value;
    const { service } = route.service;
    if (redirects && !this.#isSecure(head, trusts))
      return planOfAnswer(service, redirectAnswer(found, gateway, head));
    if (!trusts) dropClaims(head);
    const base = this.#plans.make(route, head, this.#client.address);
    counters.countOutbound(base.service);
    const plan = trusts
      ? this.#withForwarding(base, authority, head)
      : this.#usualPlan(base, authority);
    return found.judgedPath === undefined
      ? plan
      : { ...plan, edits: new JudgedPath(found.judgedPath, plan.edits) };
  }

  /** What was published when a request came is answered for. */
  review(): undefined {}

  finished(exchange: FinishedExchange, milliseconds: number): void {
    finishOutbound(this.#plane, viewOf(exchange.plan.service), exchange, milliseconds);
  }

  refused(refusal: Refusal): void {
    const { counters, observer } = this.#plane;
    counters.countFailure(refusal.code);
    observer.refused(viewOf(NOBODY), DEFAULT_POLICY, refusal);
  }

  #usualPlan(base: RequestPlan, authority: string): RequestPlan {
    if (this.#base !== base || this.#authority !== authority || this.#plan === undefined)
      this.#plan = this.#withForwarding(base, authority, undefined);
    this.#base = base;
    this.#authority = authority;
    return this.#plan;
  }

  #withForwarding(base: RequestPlan, host: string, said: MessageHead | undefined): RequestPlan {
    const { scheme, port } = this.#client;
    const added = forwardingLines({ proto: scheme, host, port }, said);
    const forwarding = { added, forwardedFor: this.#address };
    const { mirror } = base;
    return { ...base, ...forwarding, mirror: mirror && { ...mirror, ...forwarding } };
  }

  #isTrusted({ trusted }: GatewayRoutes): boolean {
    const { address } = this.#client;
    return trusted?.check(address, address.includes(":") ? "ipv6" : "ipv4") === true;
  }

  /** A trusted proxy may have ended TLS before us. */
  #isSecure(head: MessageHead, trusts: boolean): boolean {
    if (this.#client.scheme === "https") return true;
    return trusts && head.fieldText("x-forwarded-proto")?.toLowerCase() === "https";
  }
}

/** Of the host that was matched, and never of what else a request says about where it was sent. */
export function redirectAnswer(
  { host }: Pick<Found<PublishedRoute>, "host">,
  { ports }: Pick<GatewayRoutes, "ports">,
  head: MessageHead,
): LocalAnswer {
  const { https = HTTPS_PORT } = ports;
  const target = head.targetText();
  const place = `https://${host}${https === HTTPS_PORT ? "" : `:${https}`}`;
  const location = `${place}${target.startsWith("/") ? target : "/"}`;
  return {
    code: undefined,
    status: MOVED,
    fields: `location: ${location}\r\n`,
    text: `docker-mesh: moved to ${location}\n`,
  };
}

function planOfAnswer(service: string, answer: LocalAnswer): RequestPlan {
  return {
    ...{ service, targets: NO_TARGETS, key: 0, conduct: UNLIMITED, host: NOTHING, added: NOTHING },
    ...{ forwardedFor: undefined, edits: undefined, mirror: undefined, telemetry: DEFAULT_POLICY },
    before: { gate: undefined, delay: 0, answer },
  };
}

const NOT_PUBLISHED: RequestPlan = planOfAnswer(NOBODY, failureAnswer("NOT_PUBLISHED", NOBODY));

/** Where paths decide about whose a request is, the service gets the path that decided. */
class JudgedPath implements Edits {
  readonly #path: string;
  readonly #others: Edits | undefined;

  constructor(path: string, others: Edits | undefined) {
    this.#path = path;
    this.#others = others;
  }

  request(head: MessageHead): MessageHead {
    const judged = editor.request(head, { headers: NO_HEADERS, path: this.#path });
    return this.#others?.request(judged) ?? judged;
  }

  response(head: MessageHead, target: Parameters<Edits["response"]>[1]): MessageHead {
    return this.#others?.response(head, target) ?? head;
  }
}
