// What several checks of security say in the same way. Pure.
import type { MeshContainer } from "./security-findings.ts";

/** Addresses at which others than this machine reach a port of the containers, as `address:port`. */
export function exposedPorts(containers: readonly MeshContainer[], port: number): string[] {
  const all = containers.flatMap(({ published }) => published);
  const exposed = all.filter((each) => each.port === port && !isLoopback(each.address));
  return [...new Set(exposed.map(({ address }) => `${address || "0.0.0.0"}:${port}`))].sort();
}

export function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

export function namesOf(containers: readonly { readonly container: string }[]): string {
  return containers.map(({ container }) => container).join(", ");
}
