// The console's application: the login, the page, and behind the login what the page shows. serve-console.ts listens.

import type { RequestListener } from "node:http";
import express, {
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import { describeError } from "../../mesh/errors.ts";
import type { IntentionsView } from "../../mesh/policy/intention.ts";
import { refuseMethod, send } from "../api/answers.ts";
import { answerCode, answerError } from "../api/error-status.ts";
import { readFilter } from "../tap/read-filter.ts";
import type { TapEvent } from "../tap/tap-event.ts";
import type { TapSources } from "../tap/tap-route.ts";
import { isOpenPath } from "./api-paths.ts";
import { EventStreams, streamEvents } from "./event-stream.ts";
import { guardRequests, requireSession, TOO_MUCH } from "./guard.ts";
import { listIntentions } from "./intentions-list.ts";
import { type LoginParts, sessionRoutes } from "./session-routes.ts";
import { PATHS } from "./view.ts";
import type { ViewFeed } from "./view-feed.ts";

/** Streams of all pages together. */
const MOST_STREAMS = 64;

export interface ConsoleParts extends Omit<LoginParts, "consul">, TapSources {
  readonly feed: ViewFeed;
  readonly intentions: () => IntentionsView;
  /** The agent's own API, which begins with `/v1/`. */
  readonly api: RequestListener;
  /** The page's files. */
  readonly page: RequestHandler;
  /** Consul's UI; undefined with the embedded catalog. */
  readonly consul: RequestHandler | undefined;
}

export function createConsole(parts: ConsoleParts): express.Express {
  const { clock, feed, log } = parts;
  const streams = new EventStreams(MOST_STREAMS);
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.enable("strict routing");
  app.enable("case sensitive routing");
  app.use(guardRequests(parts));
  app.use(sessionRoutes({ ...parts, consul: parts.consul !== undefined }));
  app.use(parts.page);
  app.use(requireSession(parts));
  const stream = (
    path: string,
    open: (request: Request, signal: AbortSignal) => AsyncIterable<string>,
  ): void => {
    app
      .route(path)
      // Express would let GET answer it, without end.
      .head(refuseMethod("GET"))
      .get(async (request, response) => {
        using place = streams.take();
        if (place === undefined) return send(response, TOO_MUCH);
        await streamEvents(response, (signal) => open(request, signal), clock);
      })
      .all(refuseMethod("GET"));
  };
  stream(PATHS.events, (_request, signal) => feed.views(signal));
  stream(PATHS.tap, ({ originalUrl }, signal) => {
    const { searchParams } = new URL(originalUrl, "http://console");
    return asText(parts.taps.open(readFilter(searchParams, parts.resolve), signal));
  });
  app
    .route(PATHS.intentions)
    .get((_request, response) => void response.json(listIntentions(parts.intentions())))
    .all(refuseMethod("GET, HEAD"));
  app.use(PATHS.mesh, (request, response, next) => {
    if (isOpenPath(request.path)) parts.api(request, response);
    else next();
  });
  if (parts.consul !== undefined) app.use(parts.consul);
  app.use((_request, response) => {
    send(response, answerCode("NOT_FOUND", "expected a path of the console, got another"));
  });
  // Express tells an error handler by its four parameters.
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const answer = answerError(error);
    if (answer.status >= 500)
      log.error("request to the console failed", {
        path: request.path,
        problem: describeError(error),
      });
    if (response.headersSent) response.destroy();
    else send(response, answer);
  });
  return app;
}

async function* asText(events: AsyncIterable<TapEvent>): AsyncGenerator<string, void, undefined> {
  for await (const event of events) yield JSON.stringify(event);
}
