// Where the node's Consul agent listens, as users write it, and the connections to there.
import { Agent } from "node:http";
import { Agent as SecureAgent } from "node:https";
import { connect, type Socket } from "node:net";
import { MeshError } from "../../mesh/errors.ts";

export interface ConsulAddress {
  /** As users write it, without a slash at the end. */
  readonly text: string;
  /** The URL that requests begin with, without a slash at the end; names no real host where there is a socket. */
  readonly base: string;
  /** Path of the unix socket, when it listens on one. */
  readonly socket: string | undefined;
}

/** Throws CONFIGURATION_INVALID for what is neither an http or https URL nor `unix:///path`. */
export function parseConsulAddress(text: string): ConsulAddress {
  const socket = /^unix:\/\/(\/.*[^/])$/.exec(text)?.[1];
  if (socket !== undefined) return { text, base: "http://localhost", socket };
  const url = URL.parse(text);
  if (url?.protocol !== "http:" && url?.protocol !== "https:")
    throw new MeshError(
      "CONFIGURATION_INVALID",
      `expected consul's address such as http://127.0.0.1:8500 or unix:///run/consul/http.sock, got ${JSON.stringify(text)}`,
    );
  const base = `${url.origin}${url.pathname}`.replace(/\/+$/, "");
  return { text: base, base, socket: undefined };
}

/** Connections that are kept for the next request; whoever opens them destroys them. */
export function openConnections({ base, socket }: ConsulAddress): Agent {
  if (socket !== undefined) return new SocketAgent(socket);
  return base.startsWith("https:")
    ? new SecureAgent({ keepAlive: true })
    : new Agent({ keepAlive: true });
}

/** Connects to one unix socket, whatever host a request names. */
class SocketAgent extends Agent {
  readonly #path: string;

  constructor(path: string) {
    super({ keepAlive: true });
    this.#path = path;
  }

  override createConnection(): Socket {
    return connect({ path: this.#path });
  }
}
