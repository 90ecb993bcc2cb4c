// The agent's HTTP API: what `docker mesh`, health checks and Prometheus ask. Every answer but plan and metrics is JSON, and live
// requests are a line each.
import express, { type NextFunction, type Request, type Response } from "express";
import { describeError } from "../../mesh/errors.ts";
import type { Log } from "../../mesh/log.ts";
import type { CertificateView } from "../certificates/certificate-list.ts";
import { CONTENT_TYPE, type Family, writeFamilies } from "../metrics/exposition.ts";
import type { IntentionsAnswer } from "../policy/ranked-intentions.ts";
import type { MeshStatus } from "../status.ts";
import { type TapSources, tapRoute } from "../tap/tap-route.ts";
import { refuseMethod, send } from "./answers.ts";
import { type CheckSources, checkRoute } from "./check-route.ts";
import { answerCode, answerError } from "./error-status.ts";
import { type ExplainSources, explainRoute } from "./explain-route.ts";
import { type LeaveSources, leaveRoute } from "./leave-route.ts";
import { type ServiceSources, serviceRoutes } from "./service-routes.ts";

/** What the API shows; each is asked anew for every request. */
export interface ApiSources
  extends ServiceSources,
    CheckSources,
    ExplainSources,
    LeaveSources,
    Omit<TapSources, "resolve"> {
  readonly status: () => MeshStatus;
  /** The latest printed plan and the steps of it that are still to be done. */
  readonly plan: () => string;
  readonly metrics: () => readonly Family[];
  /** Of the node's workloads. */
  readonly certificates: () => readonly CertificateView[];
  readonly intentions: () => IntentionsAnswer;
  /** Whether the agent does its work; false makes /v1/health answer 503. */
  readonly healthy: () => boolean;
  readonly log: Log;
}

/** The application without a server; serve-api.ts listens. */
export function createApi(sources: ApiSources): express.Express {
  const { log } = sources;
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.enable("strict routing");
  app.enable("case sensitive routing");
  app.use((_request, response, next) => {
    // The state of this moment, not for any cache.
    response.set({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    next();
  });
  const readOnly = (path: string, answer: (response: Response) => void): void => {
    app
      .route(path)
      .get((_request, response) => answer(response))
      .all(refuseMethod("GET, HEAD"));
  };
  readOnly("/v1/health", (response) => {
    const healthy = sources.healthy();
    response.status(healthy ? 200 : 503).json({ healthy });
  });
  readOnly("/v1/status", (response) => void response.json(sources.status()));
  readOnly("/v1/plan", (response) => void response.type("text/plain").send(sources.plan()));
  readOnly("/v1/certificates", (response) => {
    response.json({ certificates: sources.certificates() });
  });
  readOnly("/v1/intentions", (response) => void response.json(sources.intentions()));
  readOnly("/metrics", (response) => {
    response.set("content-type", CONTENT_TYPE).send([...writeFamilies(sources.metrics())].join(""));
  });
  app.use(serviceRoutes(sources));
  app.use(explainRoute(sources));
  app.use(checkRoute(sources));
  app.use(leaveRoute(sources));
  const { taps, desk, clock } = sources;
  app.use(tapRoute({ taps, clock, resolve: (service) => desk.resolve(service, false) }));
  app.use((request, response) => {
    send(response, answerCode("NOT_FOUND", `expected a path of the API, got ${request.path}`));
  });
  // Express tells an error handler by its four parameters.
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const answer = answerError(error);
    // A refusal says to the client what the matter is; the rest is for whoever runs the agent.
    if (answer.status >= 500)
      log.error("request failed", { path: request.path, problem: describeError(error) });
    send(response, answer);
  });
  return app;
}
