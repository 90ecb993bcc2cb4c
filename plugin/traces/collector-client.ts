// One request to the collector (OTLP over HTTP, JSON), and what its answer means
// (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response). Redirects are not followed, and of an answer no more is read than one
// needs.
import { once } from "node:events";
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { describeError } from "../../mesh/errors.ts";
import { shorten } from "../../mesh/printable.ts";
import { AGENT_VERSION } from "../version.ts";
import type { Collector } from "./collector-settings.ts";

/** What has become of spans that were sent. */
export type Delivery =
  /** `rejected` of them were not wanted. */
  | { readonly kind: "taken"; readonly rejected: number; readonly why: string }
  /** Later, after that many ms if it says so. */
  | { readonly kind: "later"; readonly after: number | undefined; readonly why: string }
  | { readonly kind: "refused"; readonly why: string };

/** For all of an answer, ms, as OpenTelemetry's own exporters have it. */
const TIME_LIMIT = 10_000;
/** Bytes of an answer that are looked at. */
const ANSWER_LIMIT = 64 * 1024;
/** Statuses after which OTLP lets clients try again. */
const LATER: ReadonlySet<number> = new Set([429, 502, 503, 504]);

const compress = promisify(gzip);

export class CollectorClient implements Disposable {
  /** The address for people, without what may be a password. */
  readonly shown: string;
  readonly #collector: Collector;
  readonly #agent: HttpAgent;
  readonly #timeLimit: number;

  constructor(collector: Collector, timeLimit: number = TIME_LIMIT) {
    const url = new URL(collector.url);
    this.shown = `${url.origin}${url.pathname}`;
    this.#collector = collector;
    this.#timeLimit = timeLimit;
    const options = { keepAlive: true, maxSockets: 1 };
    const { certificate: ca } = collector;
    this.#agent =
      url.protocol === "https:"
        ? new HttpsAgent({ ...options, ...(ca === undefined ? {} : { ca }) })
        : new HttpAgent(options);
  }

  /** Never throws. */
  async send(body: string, signal: AbortSignal): Promise<Delivery> {
    const limit = AbortSignal.timeout(this.#timeLimit);
    try {
      return await this.#exchange(body, AbortSignal.any([signal, limit]));
    } catch (error) {
      const seconds = this.#timeLimit / 1_000;
      const why = limit.aborted ? `no answer within ${seconds} s` : describeError(error);
      return { kind: "later", after: undefined, why };
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #exchange(text: string, signal: AbortSignal): Promise<Delivery> {
    const { url, headers, gzip: zipped } = this.#collector;
    const body = zipped ? await compress(text) : Buffer.from(text);
    const send = url.startsWith("https:") ? requestHttps : requestHttp;
    const sent = send(url, {
      ...{ method: "POST", agent: this.#agent, signal },
      headers: {
        "user-agent": `docker-mesh/${AGENT_VERSION}`,
        ...headers,
        "content-type": "application/json",
        "content-length": body.length,
        ...(zipped ? { "content-encoding": "gzip" } : {}),
      },
    });
    // Also after the answer has begun, when nobody waits for it any more.
    sent.on("error", () => undefined);
    sent.end(body);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    try {
      return interpret(response, await readAnswer(response));
    } finally {
      // An answer that was not read to its end must not hold the connection.
      if (!response.complete) sent.destroy();
    }
  }
}

/** As much of it as there is within the limits: what counts is the status. */
async function readAnswer(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > ANSWER_LIMIT) break;
    }
  } catch {
    // It broke off, or took too long.
  }
  return Buffer.concat(chunks).toString("utf8", 0, ANSWER_LIMIT);
}

function interpret({ statusCode: status = 0, headers }: IncomingMessage, body: string): Delivery {
  if (status >= 200 && status <= 299) return interpretSuccess(headers["content-type"] ?? "", body);
  if (LATER.has(status)) {
    const after = readRetryAfter(headers["retry-after"], Date.now());
    return { kind: "later", after, why: `status ${status}${quoted(body)}` };
  }
  const place = status >= 300 && status <= 399 ? ` to ${shorten(headers.location ?? "")}` : "";
  return { kind: "refused", why: `status ${status}${place}${quoted(body)}` };
}

function interpretSuccess(type: string, body: string): Delivery {
  if (/^text\/html\b/i.test(type))
    return { kind: "refused", why: "a web page, so that something else listens there" };
  const { rejectedSpans, errorMessage } = partialSuccess(body);
  const rejected = Number(rejectedSpans);
  const isCount = Number.isSafeInteger(rejected) && rejected > 0;
  return {
    kind: "taken",
    rejected: isCount ? rejected : 0,
    why: shorten(String(errorMessage ?? "")),
  };
}

interface PartialSuccess {
  /** 64 bits, and so a text; from some collectors a number. */
  readonly rejectedSpans?: unknown;
  readonly errorMessage?: unknown;
}

function partialSuccess(body: string): PartialSuccess {
  try {
    const answer = JSON.parse(body) as { readonly partialSuccess?: PartialSuccess | null } | null;
    return answer?.partialSuccess ?? {};
  } catch {
    return {};
  }
}

/** Seconds or a date (RFC 9110 §10.2.3), in ms from now on; undefined for anything else. */
export function readRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const milliseconds = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}

function quoted(text: string): string {
  const shown = shorten(text.trim());
  return shown === "" ? "" : `: ${shown}`;
}
