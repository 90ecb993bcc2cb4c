// All open ports of a sidecar, brought in line with what the configuration wants. A listener that stays wanted is left
// alone: the connections waiting in its queue would be reset with it.
import type { Socket } from "node:net";
import { describeError } from "../../mesh/errors.ts";
import type { Configuration } from "../configuration/configuration.ts";
import { placeOf } from "../configuration/place.ts";
import type { DataPlane } from "../data-plane.ts";
import { acceptPlaintext, acceptTls } from "../inbound.ts";
import { acceptOutbound } from "../outbound.ts";
import type { TlsIdentity } from "../transport/tls.ts";
import { type Listener, listenPlain, listenTls, type TlsAccept } from "./listener.ts";
import { type WantedListener, wantedListeners } from "./wanted.ts";

export interface ListenersState {
  /** True when every inbound listener is open. An outbound port that someone else holds must not take the workload out. */
  readonly ready: boolean;
  /** A sentence for each listener that could not be opened. */
  readonly problems: readonly string[];
}

export class Listeners implements Disposable {
  readonly #plane: DataPlane;
  readonly #open = new Map<string, Listener>();
  readonly #sockets = new Set<Socket>();
  #generation = -1;

  constructor(plane: DataPlane) {
    this.#plane = plane;
  }

  /** Closes what is not wanted any more, opens what is not open yet. Call it again to retry; not concurrently. */
  async reconcile({ snapshot, identity }: Configuration): Promise<ListenersState> {
    const wanted = wantedListeners(snapshot);
    this.#closeOthers(new Set(wanted.map(({ key }) => key)));
    this.#useIdentity(identity);
    const missing = wanted.filter(({ key }) => !this.#open.has(key));
    const problems = await Promise.all(missing.map((each) => this.#tryOpen(each, identity)));
    return {
      ready: wanted.every(({ key, kind }) => kind === "outbound" || this.#open.has(key)),
      problems: problems.filter((problem) => problem !== undefined),
    };
  }

  /** Closes every listener and breaks off every connection that one of them accepted. */
  [Symbol.dispose](): void {
    this.#closeOthers(new Set());
    for (const socket of this.#sockets) socket.destroy();
  }

  #closeOthers(wanted: ReadonlySet<string>): void {
    for (const [key, listener] of this.#open) {
      if (wanted.has(key)) continue;
      listener.close();
      this.#open.delete(key);
    }
  }

  #useIdentity(identity: TlsIdentity): void {
    if (identity.generation === this.#generation) return;
    this.#generation = identity.generation;
    for (const listener of this.#open.values()) listener.useIdentity(identity);
  }

  /** The problem, or undefined when it is open now. */
  async #tryOpen(wanted: WantedListener, identity: TlsIdentity): Promise<string | undefined> {
    try {
      this.#open.set(wanted.key, await this.#listen(wanted, identity));
      return undefined;
    } catch (error) {
      return describeProblem(wanted, error);
    }
  }

  #listen({ kind, address, port }: WantedListener, identity: TlsIdentity): Promise<Listener> {
    const plane = this.#plane;
    const track = (socket: Socket): void => {
      this.#sockets.add(socket);
      plane.counters.connections += 1;
      socket.once("close", () => {
        this.#sockets.delete(socket);
        plane.counters.connections -= 1;
      });
    };
    switch (kind) {
      case "outbound": {
        const place = placeOf(address, port);
        return listenPlain(address, port, (it) => acceptOutbound(plane, it, place), track);
      }
      case "inbound-plaintext":
        return listenPlain(address, port, (it) => acceptPlaintext(plane, it, port), track);
      case "inbound-tls": {
        const accept: TlsAccept = {
          accept: (connection, socket) => acceptTls(plane, connection, socket, port),
          refuse: (peer, reason) => plane.refusals.note(peer, reason),
        };
        return listenTls(address, port, identity, accept, track);
      }
      default:
        return kind satisfies never;
    }
  }
}

function describeProblem({ address, port, consequence }: WantedListener, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const cause =
    code === "EADDRINUSE"
      ? `port ${port} at ${address} is in use by another process of the container: let that one listen on another port or only on the container's own address`
      : `port ${port} at ${address} cannot be opened (${describeError(error)})`;
  return `${cause}; until then ${consequence}`;
}
