// Where names of hosts outside may lead. Who answers for a name decides about its addresses: those that are never outside are
// refused, or a listed name would lead to the application itself, to its neighbours, or to what a cloud keeps link-local.
import { BlockList, isIPv6 } from "node:net";
import type { Interfaces } from "../namespace.ts";

const NEVER_OUTSIDE: readonly (readonly [string, number, "ipv4" | "ipv6"])[] = [
  ["0.0.0.0", 8, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
  ["::", 127, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"],
];

/** Tells of an address whether it is outside, for a namespace with these interfaces. */
export function outsideOf(interfaces: Interfaces): (address: string) => boolean {
  const refused = new BlockList();
  for (const [address, prefix, family] of NEVER_OUTSIDE) refused.addSubnet(address, prefix, family);
  for (const { cidr } of Object.values(interfaces).flatMap((each) => each ?? [])) {
    const [address = "", prefix = ""] = cidr?.split("/") ?? [];
    if (address !== "")
      refused.addSubnet(address, Number(prefix), isIPv6(address) ? "ipv6" : "ipv4");
  }
  return (address) => !refused.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}
