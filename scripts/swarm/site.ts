// Where a swarm on this machine lies and what its parts are called. A user's swarm and one that tests make have each
// their own directory, addresses, cgroup and link, so that neither ever touches the other.
import { join } from "node:path";
import type { Purpose, Settings } from "../settings.ts";

export interface Site {
  /** The name of its cgroup and of its link to the host; at most 15 characters, as the kernel allows for links. */
  readonly name: string;
  /** Everything of its nodes lies beneath. Short, since sockets beneath it may have at most 107 characters. */
  readonly directory: string;
  /** Images as an engine stores them, which new nodes get by hard links. */
  readonly seed: string;
  /** The first three octets of the nodes' addresses; 198.18.0.0/15 is used by no real network. */
  readonly subnet: string;
}

/** The host's own last octet in the nodes' network. */
const HOST = 254;
/** Nodes have the octets 1 to this. */
export const MOST_NODES = 20;
/** Where swarms take the addresses of overlay networks from, apart from those that an engine of ours hands out itself. */
export const OVERLAY_POOL = { base: "198.19.128.0/18", mask: 24 } as const;

/** The one swarm that a user, or that a test run, has on this machine. */
export function siteOf(settings: Settings, purpose: Purpose): Site {
  const test = purpose === "test";
  return {
    name: test ? "mesh-swarm-test" : "mesh-swarm",
    directory: `${settings.state}-swarm`,
    seed: join(settings.cache, "swarm", test ? "seed-test" : "seed"),
    subnet: test ? "198.19.1" : "198.19.0",
  };
}

export function nodeName(number: number): string {
  return `node-${number}`;
}

export function nodeDirectory(site: Site, name: string): string {
  return join(site.directory, name);
}

export function nodeAddress(site: Site, number: number): string {
  return `${site.subnet}.${number}`;
}

export function hostAddress(site: Site): string {
  return `${site.subnet}.${HOST}`;
}
