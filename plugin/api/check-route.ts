// `GET /v1/check`: what the agent can tell of its node's set-up, judged.
import express, { type Router } from "express";
import type { Check } from "../check/check.ts";
import { refuseMethod } from "./answers.ts";

export interface CheckSources {
  readonly check: (signal: AbortSignal) => Promise<readonly Check[]>;
}

export function checkRoute({ check }: CheckSources): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  router
    .route("/v1/check")
    .get(async (_request, response) => {
      const gone = new AbortController();
      response.once("close", () => gone.abort(new Error("the client has gone")));
      response.json({ checks: await check(gone.signal) });
    })
    .all(refuseMethod("GET, HEAD"));
  return router;
}
