// Answers that several routes of the API give.
import type { RequestHandler, Response } from "express";
import { answerCode, type ErrorAnswer } from "./error-status.ts";

export function send(response: Response, { status, body }: ErrorAnswer): void {
  response.status(status).json(body);
}

/** For every method besides these of a path. */
export function refuseMethod(allowed: string): RequestHandler {
  return (request, response) => {
    response.set("allow", allowed);
    const expected = allowed.replace("GET, HEAD", "GET");
    send(response, answerCode("METHOD_NOT_ALLOWED", `expected ${expected}, got ${request.method}`));
  };
}
