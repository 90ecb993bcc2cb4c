// Who is logged in to the console: in memory, so that a restart of the agent logs everybody out. A session knows what is open
// in its name, and ends it when it ends itself.
import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../mesh/clock.ts";
import type { Role } from "./view.ts";

/** How long one can stay logged in, ms. */
export const SESSION_LIFETIME: number = 12 * 3_600_000;
/** Of each role, so that viewers cannot turn out admins; with more of them the oldest one ends. */
const MOST_SESSIONS = 64;
/** Requests under way in the name of one session, streams and Consul's long polls among them. */
const MOST_OPEN = 48;

export class ConsoleSession {
  readonly role: Role;
  readonly csrf: string;
  /** Wall clock, ms. */
  readonly expiresAt: number;
  readonly #open = new Set<() => void>();
  readonly #ended = new AbortController();

  constructor(role: Role, csrf: string, expiresAt: number) {
    this.role = role;
    this.csrf = csrf;
    this.expiresAt = expiresAt;
  }

  /** Aborts when the session ends. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Calls `cut` when the session ends, until the answer is disposed of. Undefined when too much is open already. */
  hold(cut: () => void): Disposable | undefined {
    if (this.#open.size >= MOST_OPEN || this.signal.aborted) return undefined;
    this.#open.add(cut);
    return { [Symbol.dispose]: () => this.#open.delete(cut) };
  }

  end(): void {
    this.#ended.abort(new Error("the session is over"));
    for (const cut of this.#open) cut();
    this.#open.clear();
  }
}

export interface OpenedSession {
  /** The secret that its owner shows from now on. */
  readonly id: string;
  readonly session: ConsoleSession;
}

export class ConsoleSessions {
  readonly #clock: Clock;
  /** By the digest of their id, oldest first: looking one up tells nothing of others by its time. */
  readonly #sessions = new Map<string, ConsoleSession>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(role: Role): OpenedSession {
    this.#makeRoom(role);
    const id = randomBytes(32).toString("base64url");
    const csrf = randomBytes(32).toString("base64url");
    const session = new ConsoleSession(role, csrf, this.#clock.wall() + SESSION_LIFETIME);
    const key = digest(id);
    this.#sessions.set(key, session);
    session.signal.addEventListener("abort", () => this.#sessions.delete(key), { once: true });
    void this.#clock.sleep(SESSION_LIFETIME, session.signal).then(
      () => session.end(),
      () => undefined,
    );
    return { id, session };
  }

  find(id: string): ConsoleSession | undefined {
    return this.#sessions.get(digest(id));
  }

  /** Everybody is logged out. */
  [Symbol.dispose](): void {
    for (const session of [...this.#sessions.values()]) session.end();
  }

  #makeRoom(role: Role): void {
    const alike = [...this.#sessions.values()].filter((session) => session.role === role);
    if (alike.length >= MOST_SESSIONS) alike[0]?.end();
  }
}

function digest(id: string): string {
  return createHash("sha256").update(id).digest("base64url");
}
