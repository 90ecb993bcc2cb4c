// `POST /v1/leave`: every workload of the node is to leave the mesh, and its application to go on without it. Asked again and
// again by `docker mesh down`, until nothing is left to do; a minute after the last time they come back.
import express, { type Router } from "express";
import type { Remainder } from "../leaving.ts";
import { refuseMethod } from "./answers.ts";

export interface LeaveSources {
  /** Lets all workloads leave, and gives how much of the mesh is still with them. */
  readonly leave: () => Remainder;
}

export function leaveRoute({ leave }: LeaveSources): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  router
    .route("/v1/leave")
    .post((_request, response) => void response.json(leave()))
    .all(refuseMethod("POST"));
  return router;
}
