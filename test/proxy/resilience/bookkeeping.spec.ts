// Whatever happens to a request, in whatever order: each try that begins ends, each limit that it took room in gets it
// back, and its caller and its handler hear of the end once.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, it } from "mocha";
import { DEFAULT_POLICY } from "../../../mesh/policy/read-policy.ts";
import { failureAnswer, type LocalAnswer } from "../../../proxy/failures.ts";
import type { RequestHandler } from "../../../proxy/http/exchanges.ts";
import { OpenExchanges } from "../../../proxy/http/open-exchanges.ts";
import type { Breaker, Conduct, RequestPlan, Target } from "../../../proxy/http/plan.ts";
import {
  type Destination,
  NO_TRAILERS,
  type OpenExchange,
  type ResponseSink,
  type StreamListener,
} from "../../../proxy/http/streams.ts";
import { UNLIMITED } from "../../../proxy/resilience/unlimited.ts";
import { planFor } from "../../helpers/plans.ts";
import { answerToGet, requestHead } from "../http1/heads.ts";

const BODY = Buffer.alloc(20_000, "x");
const CODES = ["CONNECTION_LOST", "ENDPOINTS_UNREACHABLE", "OVERLOADED", "RATE_LIMITED"] as const;

const STEPS = [
  ...["ready", "writable", "inform", "answer", "fail well", "answer whole", "more", "end"],
  ...["unreached", "lost", "reused", "overloaded", "limited"],
  ...["body", "body end", "resume", "abort", "review", "gate", "wait"],
] as const;
type Step = (typeof STEPS)[number];

interface Settings {
  readonly method: "GET" | "POST";
  readonly ready: boolean;
  readonly gated: boolean;
  readonly perTry: number;
  readonly limited: boolean;
}

/** One request, whose destination and caller do what they are told. */
class Play implements Destination, ResponseSink, RequestHandler {
  readonly key = "scripted";
  readonly closing = false;
  readonly problems: string[] = [];
  active = 0;
  taken = { requests: 0, pending: 0, retries: 0 };
  /** The same of the service that stands in. */
  takenElsewhere = { requests: 0, pending: 0, retries: 0 };
  ends = 0;
  finishes = 0;
  #listener: StreamListener | undefined;
  #told = false;
  #answered = false;
  #responded = false;
  #sent = false;
  #verdict: LocalAnswer | undefined;
  readonly #gate = Promise.withResolvers<LocalAnswer | undefined>();
  readonly #settings: Settings;
  readonly #exchanges = new OpenExchanges();
  readonly #exchange: OpenExchange;
  #bodyEnded = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    const framing = settings.method === "GET" ? [] : ["transfer-encoding: chunked"];
    const head = requestHead(`${settings.method} / HTTP/1.1`, "host: a", ...framing);
    this.#exchange = this.#exchanges.open(head, this, this, false);
    const whole = settings.method === "GET";
    this.#bodyEnded = whole;
    this.#exchange.data(BODY, 0, 0, whole ? NO_TRAILERS : undefined);
  }

  get settled(): string {
    const { active, taken, takenElsewhere, ends, finishes } = this;
    return JSON.stringify({ active, taken, takenElsewhere, tooManyEnds: ends > 1, finishes });
  }

  async step(step: Step): Promise<void> {
    const listener = this.#listener;
    switch (step) {
      case "wait":
        return sleep(3);
      case "gate":
        this.#gate.resolve(undefined);
        return Promise.resolve();
      case "abort":
        this.ends = Math.max(this.ends, 1);
        this.#exchange.abort();
        return undefined;
      case "review":
        this.#verdict = failureAnswer("ACCESS_DENIED", "orders");
        this.#exchanges.review();
        this.#verdict = undefined;
        return undefined;
      case "resume":
        this.#exchange.resume();
        return undefined;
      case "body":
      case "body end":
        if (this.#bodyEnded || this.ends > 0) return undefined;
        this.#bodyEnded = step === "body end";
        this.#exchange.data(BODY, 0, BODY.length, this.#bodyEnded ? NO_TRAILERS : undefined);
        return undefined;
      default:
        if (listener !== undefined) this.#destinationSteps(step, listener);
        return undefined;
    }
  }

  /** Only what a destination may do then. */
  #destinationSteps(step: Step, listener: StreamListener): void {
    if (!this.#sent && step === "ready") listener.onReady();
    else if (step === "unreached") this.#lose(listener, "ENDPOINTS_UNREACHABLE", false, false);
    else if (step === "overloaded") this.#lose(listener, "OVERLOADED", false, false);
    else if (!this.#sent || step === "ready") return;
    else if (step === "limited") this.#lose(listener, "RATE_LIMITED", true, false);
    else if (step === "lost") this.#lose(listener, "CONNECTION_LOST", true, false);
    else if (step === "reused") this.#lose(listener, "CONNECTION_LOST", true, true);
    else if (step === "writable") listener.onWritable();
    else if (this.#responded) this.#more(step, listener);
    else this.#respond(step, listener);
  }

  #more(step: Step, listener: StreamListener): void {
    if (step === "end") this.#listener = undefined;
    if (step === "more" || step === "end")
      listener.onData(BODY, 0, 10, step === "end" ? NO_TRAILERS : undefined);
  }

  #respond(step: Step, listener: StreamListener): void {
    if (step === "inform") listener.onInformation(answerToGet("HTTP/1.1 103 Early Hints"));
    const status = step === "fail well" ? 503 : 200;
    const whole = step !== "answer";
    if (step !== "answer" && step !== "answer whole" && step !== "fail well") return;
    this.#responded = true;
    if (whole) this.#listener = undefined;
    const head = answerToGet(`HTTP/1.1 ${status} Status`, "transfer-encoding: chunked");
    listener.onResponse(head, BODY, 0, 10, whole ? NO_TRAILERS : undefined);
  }

  #lose(
    listener: StreamListener,
    code: (typeof CODES)[number],
    sent: boolean,
    reused: boolean,
  ): void {
    this.#listener = undefined;
    listener.onFailed({ code, sent, reused });
  }

  open(listener: StreamListener): ReturnType<Destination["open"]> {
    this.#listener = listener;
    this.#responded = false;
    this.#sent = false;
    return {
      ready: this.#settings.ready,
      send: () => {
        this.#sent = true;
        return true;
      },
      data: () => false,
      resume: () => undefined,
      abort: () => {
        this.#listener = undefined;
      },
    };
  }

  readonly #targets: readonly Target[] = ["one", "two"].map((id) => ({
    id,
    destination: this,
    breaker: id === "one" ? undefined : this.#breaker(this.takenElsewhere),
    begin: () => {
      if (this.taken.requests + this.takenElsewhere.requests !== 1)
        this.problems.push("counted at another service than the one that is asked, or twice");
      this.active += 1;
      this.#told = false;
      if (this.active > 1) this.problems.push("two tries at once");
    },
    answered: () => this.#tell(),
    failed: () => this.#tell(),
    ended: () => {
      this.active -= 1;
    },
  }));

  #tell(): void {
    if (this.#told || this.active !== 1) this.problems.push("told twice, or outside of a try");
    this.#told = true;
  }

  plan(): RequestPlan {
    const { gated } = this.#settings;
    const gate = gated ? this.#gate.promise : undefined;
    return planFor([], {
      conduct: this.#conduct(),
      targets: { next: (_key, tried) => this.#targets.find((target) => !tried.includes(target)) },
      before: gated ? { gate, delay: 1, answer: undefined } : undefined,
    });
  }

  #conduct(): Conduct {
    const { perTry } = this.#settings;
    return {
      timeouts: { ...UNLIMITED.timeouts, perTry },
      retries: {
        ...{ ...DEFAULT_POLICY.retries, backoff: 1, maxBackoff: 1, attempts: 3 },
        on: ["connect-failure", "refused", "reset", "5xx", "timeout"],
      },
      budget: UNLIMITED.budget,
      breaker: this.#breaker(this.taken),
    };
  }

  #breaker(taken: Play["taken"]): Breaker {
    const room = (kind: keyof typeof taken) => () => {
      if (this.#settings.limited && kind !== "requests" && taken[kind] > 0) return false;
      taken[kind] += 1;
      return true;
    };
    const back = (kind: keyof typeof taken) => () => {
      taken[kind] -= 1;
    };
    return {
      ...{ enter: room("requests"), leave: back("requests") },
      ...{ enterPending: room("pending"), leavePending: back("pending") },
      ...{ enterRetry: room("retries"), leaveRetry: back("retries") },
    };
  }

  review(): LocalAnswer | undefined {
    return this.#verdict;
  }

  refused(): void {
    this.problems.push("refused");
  }

  finished(): void {
    this.finishes += 1;
  }

  inform(): void {}
  resumeRequest(): void {}

  respond(...[, , , , , ending]: Parameters<ResponseSink["respond"]>): boolean {
    if (this.#answered || this.ends > 0) this.problems.push("answered twice, or too late");
    this.#answered = true;
    if (ending !== undefined) this.ends += 1;
    return true;
  }

  data(...[, , , ending]: Parameters<ResponseSink["data"]>): boolean {
    if (this.ends > 0) this.problems.push("more after the end");
    if (ending !== undefined) this.ends += 1;
    return true;
  }

  fail(): void {
    if (this.ends > 0) this.problems.push("failed after the end");
    this.ends += 1;
  }

  retire(): void {}
  close(): void {}
}

describe("a request to which anything happens", () => {
  it("leaves nothing behind", async () => {
    const settings = fc.record({
      method: fc.constantFrom("GET" as const, "POST" as const),
      ready: fc.boolean(),
      gated: fc.boolean(),
      perTry: fc.constantFrom(0, 2),
      limited: fc.boolean(),
    });
    const steps = fc.array(fc.constantFrom<Step>(...STEPS, "wait", "ready"), { maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(settings, steps, async (given, script) => {
        const play = new Play(given);
        for (const step of script) await play.step(step);
        if (play.ends === 0) await play.step("abort");
        assert.deepEqual(play.problems, []);
        const taken = { requests: 0, pending: 0, retries: 0 };
        const over = { active: 0, taken, takenElsewhere: taken };
        assert.equal(play.settled, JSON.stringify({ ...over, tooManyEnds: false, finishes: 1 }));
      }),
      { numRuns: 400, seed: 7 },
    );
  }).timeout(30_000);
});
