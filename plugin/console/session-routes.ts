// Logging in and out.
import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import type { Clock } from "../../mesh/clock.ts";
import type { Log } from "../../mesh/log.ts";
import { refuseMethod, send } from "../api/answers.ts";
import { answerCode } from "../api/error-status.ts";
import { jsonBody } from "../api/json-body.ts";
import { cookiePlace, findSession, type GuardParts, NO_SESSION, refuseSession } from "./guard.ts";
import { LoginGuard } from "./login-guard.ts";
import { writeSessionCookie } from "./session-cookie.ts";
import { type ConsoleSession, SESSION_LIFETIME } from "./sessions.ts";
import { type ConsoleTokens, roleOf } from "./tokens.ts";
import { PATHS, type Role, type SessionView } from "./view.ts";

export interface LoginParts extends GuardParts {
  readonly tokens: ConsoleTokens;
  /** Whether Consul's UI is there. */
  readonly consul: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

export function sessionRoutes(parts: LoginParts): Router {
  const guard = new LoginGuard(parts.clock);
  const router = express.Router({ strict: true, caseSensitive: true });
  router
    .route(PATHS.session)
    .get((request, response) => showSession(request, response, parts))
    .post(jsonBody, logIn(guard, parts))
    .delete((request, response) => logOut(request, response, parts))
    .all(refuseMethod("GET, HEAD, POST, DELETE"));
  return router;
}

function showSession(request: Request, response: Response, parts: LoginParts): void {
  const session = findSession(request, parts);
  if (session === undefined) send(response, NO_SESSION);
  else response.json(toView(session, parts));
}

/** From looking whether somebody may try until it is written down that he failed, nobody else gets a turn. */
function logIn(guard: LoginGuard, parts: LoginParts): RequestHandler {
  return (request, response) => {
    const address = request.socket.remoteAddress ?? "";
    const wait = guard.wait(address);
    if (wait > 0) {
      response.set("retry-after", String(Math.ceil(wait / 1_000)));
      const message = "too many wrong tokens: wait a moment and try again";
      return send(response, answerCode("TOO_MANY_REQUESTS", message));
    }
    const { token } = Object(request.body) as { readonly token?: unknown };
    const role = typeof token === "string" ? roleOf(parts.tokens, token) : undefined;
    if (role !== undefined) return open(request, response, role, parts);
    guard.fail(address);
    parts.log.warn("a login to the console failed", { address });
    send(response, answerCode("UNAUTHORIZED", "expected a token of the console, got another text"));
  };
}

function open(request: Request, response: Response, role: Role, parts: LoginParts): void {
  // Whoever logs in again has no use for what he had.
  findSession(request, parts)?.end();
  const { id, session } = parts.sessions.open(role);
  const address = request.socket.remoteAddress ?? "";
  parts.log.info("somebody has logged in to the console", { role, address });
  const cookie = writeSessionCookie(id, SESSION_LIFETIME / 1_000, cookiePlace(request, parts));
  response.set("set-cookie", cookie).json(toView(session, parts));
}

function logOut(request: Request, response: Response, parts: LoginParts): void {
  const session = findSession(request, parts);
  if (session === undefined) {
    send(response, NO_SESSION);
    return;
  }
  // Everybody may leave.
  const refusal = refuseSession(request, { role: "admin", csrf: session.csrf });
  if (refusal !== undefined) {
    send(response, refusal);
    return;
  }
  session.end();
  const cookie = writeSessionCookie("", 0, cookiePlace(request, parts));
  response.set("set-cookie", cookie).status(204).end();
}

function toView({ role, csrf, expiresAt }: ConsoleSession, { consul }: LoginParts): SessionView {
  return { role, csrf, expiresAt, consul };
}
