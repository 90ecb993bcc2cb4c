// The part of the API that is about single services: their policies, and their endpoints as callers see them.
import express, { type RequestHandler, type Response, type Router } from "express";
import type { CallerReport } from "../policy/caller-reports.ts";
import type { Condition, PolicyDesk, ShownPolicy } from "../policy/policy-desk.ts";
import { refuseMethod, send } from "./answers.ts";
import { entityTag, readCondition } from "./conditions.ts";
import { answerCode } from "./error-status.ts";
import { jsonBody } from "./json-body.ts";

export interface ServiceSources {
  readonly desk: PolicyDesk;
  /** How callers on this node see the endpoints of a service. */
  readonly endpoints: (service: string) => readonly CallerReport[];
}

export function serviceRoutes({ desk, endpoints }: ServiceSources): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  router
    .route("/v1/services/:name/policy")
    .get(answering(async (call) => await showPolicy(desk, call)))
    .put(
      jsonBody,
      answering(async (call) => await writePolicy(desk, call, call.body)),
    )
    .delete(answering(async (call) => await writePolicy(desk, call, {})))
    .all(refuseMethod("GET, HEAD, PUT, DELETE"));
  router
    .route("/v1/services/:name/policy/history")
    .get(
      answering(async ({ service, signal, response }) => {
        response.json({ service, versions: await desk.history(service, signal) });
      }),
    )
    .all(refuseMethod("GET, HEAD"));
  router
    .route("/v1/services/:name/policy/rollback")
    .post(
      jsonBody,
      answering(async (call) => await rollback(desk, call)),
    )
    .all(refuseMethod("POST"));
  router
    .route("/v1/services/:name/endpoints")
    .get(
      answering(async ({ service, response }) => {
        response.json({ service, endpoints: endpoints(service) });
      }),
    )
    .all(refuseMethod("GET, HEAD"));
  return router;

  /** Finds the service; what is thrown goes to the error handler. */
  function answering(answer: (call: Call) => Promise<void>): RequestHandler<{ name: string }> {
    return async (request, response) => {
      const gone = new AbortController();
      response.once("close", () => gone.abort(new Error("the client has gone")));
      const service = desk.resolve(request.params.name, request.query["create"] === "true");
      const { headers, query } = request;
      const body: unknown = request.body;
      await answer({
        ...{ service, body, response, signal: gone.signal, condition: readCondition(headers) },
        effective: query["effective"] === "true",
      });
    };
  }
}

interface Call {
  /** The catalog name. */
  readonly service: string;
  readonly body: unknown;
  readonly condition: Condition | undefined;
  readonly effective: boolean;
  readonly signal: AbortSignal;
  readonly response: Response;
}

async function showPolicy(desk: PolicyDesk, call: Call): Promise<void> {
  const { service, effective, signal, response } = call;
  const policy = await desk.show(service, signal);
  const fields = effective ? { fields: await desk.explain(policy, signal) } : {};
  sendPolicy(response, { ...policy, ...fields });
}

async function writePolicy(desk: PolicyDesk, call: Call, document: unknown): Promise<void> {
  const { service, condition, signal, response } = call;
  if (condition === undefined) {
    const message =
      "expected If-Match with the ETag of the version to replace, or If-None-Match: * for the first, got neither";
    return send(response, answerCode("PRECONDITION_REQUIRED", message));
  }
  sendPolicy(response, await desk.write(service, document, condition, signal));
}

async function rollback(desk: PolicyDesk, call: Call): Promise<void> {
  const { service, body, condition, signal, response } = call;
  const wanted =
    typeof body === "object" && body !== null && Object.hasOwn(body, "version")
      ? (body as { readonly version: unknown }).version
      : undefined;
  sendPolicy(response, await desk.rollback(service, wanted, condition ?? (() => true), signal));
}

function sendPolicy(response: Response, policy: ShownPolicy): void {
  response.set("etag", entityTag(policy.version)).json(policy);
}
