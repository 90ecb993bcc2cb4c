// Whoever can write to the catalog can write anything, and a sidecar refuses a snapshot as a whole: what could not stand
// in one is left out here, entry by entry, and told.
import { isIP } from "node:net";
import { quote } from "../../mesh/printable.ts";
import { isServiceName } from "../../mesh/service-name.ts";
import type { CatalogEntry } from "../../registry/catalog.ts";
import type { Problem } from "../status.ts";

export interface UsableEntries {
  readonly entries: readonly CatalogEntry[];
  readonly problems: readonly Problem[];
}

/** Views hold the same instances again and again. */
const sound = new WeakSet<CatalogEntry["instance"]>();

/** The entries whose names, addresses and ports are what they should be, in their order. */
export function usableEntries(entries: readonly CatalogEntry[]): UsableEntries {
  const problems: Problem[] = [];
  const usable = entries.filter(({ instance }) => {
    if (sound.has(instance)) return true;
    const wrong = whatIsWrong(instance);
    if (wrong === undefined) sound.add(instance);
    else {
      const message = `the catalog's entry ${quote(instance.id)} is left out: expected ${wrong}`;
      problems.push({ subject: "catalog", code: "CONFIGURATION_INVALID", message });
    }
    return wrong === undefined;
  });
  return { entries: usable, problems };
}

function whatIsWrong(instance: CatalogEntry["instance"]): string | undefined {
  const { service, alias, ports, networks } = instance;
  const name = [service, alias].find((text) => text !== undefined && !isServiceName(text));
  if (name !== undefined) return `a service name, found ${quote(name)}`;
  const address = networks.find((network) => isIP(network.address) === 0)?.address;
  if (address !== undefined) return `an IP address, found ${quote(address)}`;
  const port = ports.flatMap((offered) => [offered.port, offered.sidecarPort]).find(isNoPort);
  return port === undefined ? undefined : `a port from 1 to 65535, found ${port}`;
}

function isNoPort(port: number): boolean {
  return !Number.isInteger(port) || port < 1 || port > 65_535;
}
