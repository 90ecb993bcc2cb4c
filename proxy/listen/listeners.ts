// All open ports of a sidecar, brought in line with what the configuration wants. A listener that stays wanted is left
// alone: the connections waiting in its queue would be reset with it. Only to a successor, which listens at the same place
// already, is a place left while it is wanted.
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { describeError } from "../../mesh/errors.ts";
import type { Configuration } from "../configuration/configuration.ts";
import { placeOf } from "../configuration/place.ts";
import type { DataPlane } from "../data-plane.ts";
import { acceptClient } from "../gateway/accept.ts";
import { acceptPlaintext, acceptTls } from "../inbound.ts";
import { acceptOutbound } from "../outbound.ts";
import type { Connection } from "../transport/connection.ts";
import type { TlsIdentity } from "../transport/tls.ts";
import { listenEdge } from "./edge-listener.ts";
import { type Listener, listenPlain, listenTls, type TlsAccept, type Track } from "./listener.ts";
import { type ListeningSocket, overlaps, readListening } from "./listening-sockets.ts";
import { type WantedKind, type WantedListener, wantedListeners } from "./wanted.ts";

export interface ListenersState {
  /** True when every inbound listener is open. An outbound port that someone else holds must not take the workload out. */
  readonly ready: boolean;
  /** A sentence for each listener that could not be opened. */
  readonly problems: readonly string[];
}

/** What leads away from the application. */
const LEAVING: ReadonlySet<WantedKind> = new Set(["outbound", "egress"]);

interface OpenListener {
  readonly listener: Listener;
  readonly wanted: WantedListener;
}

export class Listeners implements Disposable {
  readonly #plane: DataPlane;
  readonly #open = new Map<string, OpenListener>();
  readonly #sockets = new Set<Socket>();
  /** A predecessor is still there, or may be. */
  #takesOver: boolean;
  #left = false;
  #onUnused: (() => void) | undefined;
  #generation = -1;

  constructor(plane: DataPlane, takesOver: boolean) {
    this.#plane = plane;
    this.#takesOver = takesOver;
  }

  /** True from the moment on at which a successor was found. */
  get left(): boolean {
    return this.#left;
  }

  /** Closes what is not wanted any more, opens what is not open yet. Call it again to retry; not concurrently. */
  async reconcile({ snapshot, identity }: Configuration): Promise<ListenersState> {
    this.#useIdentity(identity);
    if (this.#left) {
      this.leave();
      return { ready: false, problems: [] };
    }
    const wanted = wantedListeners(snapshot);
    this.#closeOthers(new Set(wanted.map(({ key }) => key)));
    const isShared = this.#lookAround();
    const problems = await Promise.all(
      wanted.map((each) => this.#settle(each, identity, isShared(each))),
    );
    this.#takesOver &&= wanted.some(isShared) || wanted.length > this.#open.size;
    return {
      ready: wanted.every(({ key, kind }) => LEAVING.has(kind) || this.#open.has(key)),
      problems: problems.filter((problem) => problem !== undefined),
    };
  }

  /**
   * Closes each listener at whose place a successor listens as well; the others stay. False when there is no successor.
   * What waits in the queue of a closed one goes to the successor where the kernel can do that (`tcp_migrate_req`).
   */
  leave(): boolean {
    const isShared = this.#lookAround();
    for (const [key, { listener, wanted }] of this.#open) {
      if (!isShared(wanted)) continue;
      this.#left = true;
      listener.close();
      this.#open.delete(key);
    }
    return this.#left;
  }

  /** Resolves when no accepted connection is open any more, or the signal aborts. */
  async unused(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onUnused = resolve;
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (this.#sockets.size > 0 && !signal.aborted) await promise;
  }

  /** Closes every listener and breaks off every connection that one of them accepted. */
  [Symbol.dispose](): void {
    this.#closeOthers(new Set());
    for (const socket of this.#sockets) socket.destroy();
  }

  #closeOthers(wanted: ReadonlySet<string>): void {
    for (const [key, { listener }] of this.#open) {
      if (wanted.has(key)) continue;
      listener.close();
      this.#open.delete(key);
    }
  }

  #useIdentity(identity: TlsIdentity): void {
    if (identity.generation === this.#generation) return;
    this.#generation = identity.generation;
    for (const { listener } of this.#open.values()) listener.useIdentity(identity);
  }

  /** Tells of a place whether somebody else listens there at this moment. */
  #lookAround(): (wanted: ListeningSocket) => boolean {
    const all = readListening();
    const own = [...this.#open.values()].map(({ wanted }) => wanted);
    const count = (sockets: readonly ListeningSocket[], place: ListeningSocket): number =>
      sockets.filter((socket) => overlaps(place, socket)).length;
    return (place) => count(all, place) > count(own, place);
  }

  /** The problem, or undefined when it is open now and ours alone, or our predecessor's. */
  async #settle(
    wanted: WantedListener,
    identity: TlsIdentity,
    isShared: boolean,
  ): Promise<string | undefined> {
    if (isShared && !this.#takesOver) return describeInUse(wanted);
    if (this.#open.has(wanted.key)) return undefined;
    try {
      const listener = await this.#listen(wanted, identity);
      this.#open.set(wanted.key, { listener, wanted });
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
        if (this.#sockets.size === 0) this.#onUnused?.();
      });
    };
    switch (kind) {
      case "outbound": {
        const place = placeOf(address, port);
        return listenPlain(address, port, (it) => acceptOutbound(plane, it, place), track);
      }
      case "egress":
        return listenEgress(plane, address, port, track);
      case "inbound-plaintext":
        return listenPlain(address, port, (it) => acceptPlaintext(plane, it, port), track);
      case "gateway-http":
        return listenPlain(address, port, (it) => acceptClient(plane, it, "http", port), track);
      case "gateway-https": {
        const accept = (it: Connection): void => acceptClient(plane, it, "https", port);
        const contextFor = (name: string): SecureContext | undefined =>
          plane.configuration()?.gateway?.contexts.find(name, "/")?.value;
        return listenEdge(address, port, { accept, contextFor }, track);
      }
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

function describeProblem(wanted: WantedListener, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return describeInUse(wanted);
  const { address, port, consequence } = wanted;
  return `port ${port} at ${address} cannot be opened (${describeError(error)}); until then ${consequence}`;
}

function describeInUse({ address, port, consequence }: WantedListener): string {
  return `port ${port} at ${address} is in use by another process of the container: let that one listen on another port or only on the container's own address; until then ${consequence}`;
}

async function listenEgress(
  plane: DataPlane,
  address: string,
  port: number,
  track: Track,
): Promise<Listener> {
  const { acceptEgress } = await import("../egress/accept-egress.ts");
  const place = placeOf(address, port);
  return await listenPlain(address, port, (it) => acceptEgress(plane, it, place), track);
}
