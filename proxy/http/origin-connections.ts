// The kept HTTP/1.1 connections to one destination: which are idle, and which of those may be used.
import type { FailureCode } from "../failures.ts";
import type { Deadlines } from "../transport/deadlines.ts";
import type { Output } from "../transport/output.ts";
import type { Wire } from "../transport/wire.ts";
import { OriginConnection, type OriginPool } from "./origin-connection.ts";

/** Milliseconds an idle connection is kept: less than the 5 s after which many servers close theirs. */
const IDLE_TIMEOUT = 4_000;
/**
 * Milliseconds of idleness up to which a connection is good for a request that cannot be repeated: no server in use
 * closes so soon, and what it announced (`Connection: close`) or did meanwhile is known by then.
 */
const YOUNG = 500;
const MAX_IDLE = 512;

export interface OriginOptions {
  readonly output: Output;
  readonly deadlines: Deadlines;
  readonly answers: (() => Promise<boolean>) | undefined;
  /** The peer has ended a connection that it could have kept. */
  readonly onEnded: () => void;
  /** The code when the peer turned our certificate down after the handshake. */
  readonly unreachable: FailureCode;
}

export class OriginConnections implements OriginPool {
  readonly output: Output;
  readonly deadlines: Deadlines;
  readonly idleTimeout: number = IDLE_TIMEOUT;
  readonly answers: (() => Promise<boolean>) | undefined;
  readonly onEnded: () => void;
  readonly #unreachable: FailureCode;
  readonly #all = new Set<OriginConnection>();
  /** The one used last is at the end, and is used first: the others may then grow old and go. */
  #idle: OriginConnection[] = [];
  #retired = false;

  constructor({ output, deadlines, answers, onEnded, unreachable }: OriginOptions) {
    this.output = output;
    this.deadlines = deadlines;
    this.answers = answers;
    this.onEnded = onEnded;
    this.#unreachable = unreachable;
  }

  /** Takes over an open connection. */
  adopt(wire: Wire): OriginConnection {
    const connection = new OriginConnection(wire, this);
    this.#all.add(connection);
    return connection;
  }

  /** An idle connection for a request. */
  take(risky: boolean): OriginConnection | undefined {
    const idle = this.#idle;
    // Those that are closing are here until they are closed, which a peer can put off for seconds.
    while (idle.at(-1)?.wire.closed === true) idle.length -= 1;
    const last = idle.at(-1);
    if (last === undefined) return undefined;
    if (risky && performance.now() - last.idleSince > YOUNG) return undefined;
    idle.length -= 1;
    return last;
  }

  release(connection: OriginConnection): boolean {
    if (this.#retired || this.#idle.length >= MAX_IDLE || connection.wire.closed) return false;
    this.#idle.push(connection);
    return true;
  }

  forget(connection: OriginConnection): void {
    this.#all.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  /** TLS 1.3: our handshake is over before the peer has judged our certificate. If it says no, it read nothing of ours. */
  explainLoss({ wire }: OriginConnection): FailureCode {
    const error = wire.connection.socket.errored as { readonly code?: string } | null;
    return CERTIFICATE_ALERT.test(error?.code ?? "") ? this.#unreachable : "CONNECTION_LOST";
  }

  /** Closes what is idle now, and the others when their request is over. */
  retire(): void {
    this.#retired = true;
    const idle = this.#idle;
    this.#idle = [];
    for (const connection of idle) connection.wire.close();
  }

  /** Breaks off everything. */
  close(): void {
    this.retire();
    for (const { wire } of this.#all) wire.reset();
  }
}

const CERTIFICATE_ALERT =
  /^ERR_SSL_.*_ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|CERTIFICATE_EXPIRED|CERTIFICATE_REVOKED|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)$/;
