// What every request to the console has to pass before anybody looks at what it wants, and then, for all but the page and the
// login, whose it is. Upgrades pass the same questions (upgrade.ts).
import type { IncomingMessage } from "node:http";
import type { RequestHandler, Response } from "express";
import { send } from "../api/answers.ts";
import { answerCode, type ErrorAnswer } from "../api/error-status.ts";
import { isForeign, isOwnHost, isOwnOrigin, type OwnNames, portOf } from "./origin.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";
import { type CookiePlace, readSessionId } from "./session-cookie.ts";
import type { ConsoleSession, ConsoleSessions } from "./sessions.ts";
import { pathOf } from "./target.ts";
import { isSame } from "./tokens.ts";
import { CONSUL_PATH, CSRF_FIELD } from "./view.ts";

export interface GuardParts {
  readonly names: OwnNames;
  readonly sessions: ConsoleSessions;
  /** Whether browsers speak TLS with us. */
  readonly isSecure: boolean;
}

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "DELETE"]);
const READING: ReadonlySet<string> = new Set(["GET", "HEAD"]);
/** Of Consul's API: changes nothing, and Consul's UI cannot do without. */
const ASKED_BY_POST = "/v1/internal/acl/authorize";
const HELD_PATHS = /^\/(?:api|v1)(?:\/|$)/;

/** Why nobody gets an answer to this request; undefined when it may go on. */
export function refuseRequest(
  { method = "", url = "", headers }: IncomingMessage,
  { names }: GuardParts,
): ErrorAnswer | undefined {
  if (!isOwnHost(headers.host, names)) {
    const message =
      "expected the console to be asked by an address, as localhost or by a name of its certificate: name others in MESH_CONSOLE_HOSTS";
    return answerCode("HOST_UNKNOWN", message);
  }
  const path = pathOf(url);
  if (path === undefined)
    return answerCode(
      "NOT_FOUND",
      "expected a plain path, without dot segments or encoded slashes",
    );
  if (!METHODS.has(method))
    return answerCode("METHOD_NOT_ALLOWED", `expected ${[...METHODS].join(", ")}`);
  const mayFollow = READING.has(method) && !HELD_PATHS.test(path);
  if (isForeign(headers, mayFollow))
    return answerCode("FORBIDDEN", "expected a request of the console's own page");
  return undefined;
}

export function cookiePlace({ headers }: IncomingMessage, { isSecure }: GuardParts): CookiePlace {
  return { isSecure, port: portOf(headers.host, isSecure) };
}

export function findSession(
  request: IncomingMessage,
  parts: GuardParts,
): ConsoleSession | undefined {
  const id = readSessionId(request.headers.cookie, cookiePlace(request, parts));
  return id === undefined ? undefined : parts.sessions.find(id);
}

/** Why a session may not do this; undefined when it may. */
export function refuseSession(
  { method = "", url = "", headers }: IncomingMessage,
  { role, csrf }: Pick<ConsoleSession, "role" | "csrf">,
): ErrorAnswer | undefined {
  if (READING.has(method)) return undefined;
  const path = pathOf(url) ?? "";
  const offered = headers[CSRF_FIELD];
  const isMeant = typeof offered === "string" && isSame(offered, csrf);
  // Consul's UI does not know our field; browsers say of every change which page wants it.
  if (!isMeant && !(path.startsWith("/v1/") && isOwnOrigin(headers)))
    return answerCode("FORBIDDEN", `expected the session's ${CSRF_FIELD}, found none or another`);
  if (role === "admin" || path === ASKED_BY_POST) return undefined;
  return answerCode("FORBIDDEN", "expected the token of an admin: viewers change nothing");
}

export const NO_SESSION: ErrorAnswer = answerCode(
  "UNAUTHORIZED",
  "expected somebody who has logged in: open the console's page",
);

/** Sets what holds for every answer, and refuses what nobody may ask. */
export function guardRequests(parts: GuardParts): RequestHandler {
  return (request, response, next) => {
    response.set(SECURITY_HEADERS);
    const refusal = refuseRequest(request, parts);
    if (refusal !== undefined) return send(response, refusal);
    next();
  };
}

/** Lets nobody further without a session, and ends the answer with the session. */
export function requireSession(parts: GuardParts): RequestHandler {
  return (request, response, next) => {
    const session = findSession(request, parts);
    if (session === undefined && isVisit(request)) return response.redirect("/");
    const refusal = session === undefined ? NO_SESSION : refuseSession(request, session);
    if (session === undefined || refusal !== undefined)
      return send(response, refusal ?? NO_SESSION);
    const held = session.hold(() => response.destroy());
    if (held === undefined) return send(response, TOO_MUCH);
    response.once("close", () => held[Symbol.dispose]());
    setSession(response, session);
    next();
  };
}

/** Somebody who opens Consul's UI sees the login rather than JSON. */
function isVisit({ method, url, headers }: IncomingMessage): boolean {
  const isPage = headers["sec-fetch-mode"] === "navigate" && method === "GET";
  return isPage && `${url}/`.startsWith(CONSUL_PATH);
}

export const TOO_MUCH: ErrorAnswer = answerCode(
  "TOO_MANY_REQUESTS",
  "too much is open already: close other windows of the console",
);

/** Whose request it is, behind {@link requireSession}. */
export function sessionOf({ locals }: Response): ConsoleSession {
  return locals["session"] as ConsoleSession;
}

function setSession({ locals }: Response, session: ConsoleSession): void {
  locals["session"] = session;
}
