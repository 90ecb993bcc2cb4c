// A real console on a free port of loopback, with the agent's parts around it as tests say, and a client that is no browser:
// it sends what a test tells it to, byte by byte if need be.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Clock, systemClock } from "../../../mesh/clock.ts";
import { silentLog } from "../../../mesh/log.ts";
import { createApi } from "../../../plugin/api/api.ts";
import {
  type ConsoleSources,
  type OpenConsole,
  openConsole,
} from "../../../plugin/console/open-console.ts";
import type { SessionView } from "../../../plugin/console/view.ts";
import { Taps } from "../../../plugin/tap/taps.ts";
import { NO_INTENTIONS } from "../../helpers/policies.ts";
import { apiSources } from "../api/sources.ts";
import { exampleStatus } from "../commands/example-status.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Somebody who has logged in. */
export interface LoggedIn extends SessionView {
  /** As a Cookie field. */
  readonly cookie: string;
}

type Fields = Readonly<Record<string, string | undefined>>;

export interface Asked {
  readonly method?: string;
  readonly headers?: Fields;
  readonly body?: string;
  readonly as?: LoggedIn | undefined;
  /** The client goes away when it aborts. */
  readonly signal?: AbortSignal;
}

/** Reads a stream of events, one when it is asked for one. */
export class EventReader {
  readonly response: IncomingMessage;
  readonly closed: Promise<unknown>;
  readonly #chunks: AsyncIterator<Buffer>;
  #read = "";

  constructor(response: IncomingMessage) {
    this.response = response;
    this.closed = once(response, "close").catch(() => undefined);
    // One that is cut ends with an error, which is what `closed` tells.
    response.on("error", () => undefined);
    this.#chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** The next event's data, or `:` for a comment; undefined when the stream is over. */
  async next(): Promise<string | undefined> {
    while (!this.#read.includes("\n\n")) {
      const { value, done } = await this.#chunks.next().catch(() => ({ value: "", done: true }));
      if (done === true) return undefined;
      this.#read += String(value);
    }
    const end = this.#read.indexOf("\n\n");
    const event = this.#read.slice(0, end);
    this.#read = this.#read.slice(end + 2);
    return event.replace(/^data: /, "");
  }

  close(): void {
    this.response.destroy();
  }
}

export class ConsoleRig implements AsyncDisposable {
  readonly console: OpenConsole;
  readonly directory: string;
  readonly #stop: AbortController;

  private constructor(console: OpenConsole, directory: string, stop: AbortController) {
    this.console = console;
    this.directory = directory;
    this.#stop = stop;
  }

  static async start(changes: Partial<ConsoleSources> = {}): Promise<ConsoleRig> {
    const directory = await mkdtemp(join(tmpdir(), "docker-mesh-console-"));
    const stop = new AbortController();
    const clock: Clock = changes.clock ?? systemClock;
    const sources: ConsoleSources = {
      settings: {
        ...{ host: "127.0.0.1", port: 0, tls: undefined, hosts: [] },
        ...{ tokenFile: undefined, viewerTokenFile: undefined },
      },
      ...{ stateDirectory: join(directory, "state"), pageFolder: join(directory, "page") },
      status: () => exampleStatus,
      counters: { requests: () => [], streams: () => [] },
      policyState: { intentions: NO_INTENTIONS },
      api: createApi(apiSources({ clock })),
      taps: new Taps(() => undefined),
      resolve: (service) => service,
      consul: undefined,
      ...{ clock, log: silentLog },
      ...changes,
    };
    try {
      return new ConsoleRig(await openConsole(sources, stop.signal), directory, stop);
    } catch (error) {
      await rm(directory, { recursive: true });
      throw error;
    }
  }

  get port(): number {
    return this.console.port;
  }

  /** The console as a browser names it. */
  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async logIn(role: "admin" | "viewer" = "admin"): Promise<LoggedIn> {
    const { access } = this.console;
    const answer = await this.tryToken(access[role]);
    if (answer.status !== 200)
      throw new Error(`expected to log in, got ${answer.status} ${answer.body}`);
    const [cookie = ""] = answer.headers["set-cookie"]?.[0]?.split(";") ?? [];
    return { ...(JSON.parse(answer.body) as SessionView), cookie };
  }

  async tryToken(token: unknown, headers: Fields = {}): Promise<Answer> {
    const body = JSON.stringify({ token });
    return await this.ask("/api/session", {
      ...{ method: "POST", body },
      headers: { "content-type": "application/json", origin: this.origin, ...headers },
    });
  }

  /** The target is sent as it is. Whoever has logged in shows the cookie and, to change something, the session's field. */
  async ask(
    target: string,
    { method = "GET", headers = {}, body, as, signal }: Asked = {},
  ): Promise<Answer> {
    const shown = as === undefined ? {} : { cookie: as.cookie, "x-mesh-csrf": as.csrf };
    const all = Object.entries({ ...shown, ...headers });
    const answered = Promise.withResolvers<Answer>();
    const sent = request({
      ...{ host: "127.0.0.1", port: this.port, path: target, method, agent: false },
      ...(signal === undefined ? {} : { signal }),
      headers: Object.fromEntries(all.filter(([, value]) => value !== undefined)) as Record<
        string,
        string
      >,
    });
    sent.once("error", answered.reject).once("response", (response) => {
      const { statusCode: status = 0, headers: got } = response;
      text(response).then(
        (read) => answered.resolve({ status, headers: got, body: read }),
        answered.reject,
      );
    });
    sent.end(body);
    return await answered.promise;
  }

  /** Opens a stream of events. Rejects for any other answer. */
  async listen(target: string, as: LoggedIn): Promise<EventReader> {
    const opened = Promise.withResolvers<IncomingMessage>();
    request({
      ...{ host: "127.0.0.1", port: this.port, path: target, agent: false },
      headers: { cookie: as.cookie },
    })
      .once("error", opened.reject)
      .once("response", opened.resolve)
      .end();
    const response = await opened.promise;
    if (response.statusCode === 200) return new EventReader(response);
    throw new Error(`${response.statusCode} ${await text(response)}`);
  }

  /** A connection on which a test writes bytes of its own. */
  connect(): Socket {
    return connect(this.port, "127.0.0.1");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.console.closed;
    await rm(this.directory, { recursive: true });
  }
}
