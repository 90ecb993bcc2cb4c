// What dockerd does to the host's network and never takes back: its bridges and firewall chains. They are removed
// together with an engine of our own, and only where the machine had none of them before.
import { readFile, writeFile } from "node:fs/promises";
import { attempt } from "../command.ts";

const TABLES = ["filter", "nat"] as const;
const BRIDGE = "docker0";
const FORWARDING = "/proc/sys/net/ipv4/ip_forward";
/** Only engines of ours hand out these addresses. */
const OWN_ADDRESS = /^198\.1[89]\./;

/** What an engine changes for good, as it was before the first one of ours started. */
export interface NetworkBefore {
  /** Whether no engine's bridge and chains were there, so that all found later come from ours. */
  readonly clean: boolean;
  /** Whether the machine forwarded packets; an engine turns that on, and drops what is not its own then. */
  readonly forwarding: boolean;
}

/** Looks at the network of this machine, or of the network namespace that this process is in. */
export async function observeNetwork(): Promise<NetworkBefore> {
  const links = await readFile("/proc/net/dev", "utf8");
  const rules = await readRules("filter");
  return {
    clean: !links.includes(`${BRIDGE}:`) && !rules.some((rule) => mentionsDocker(rule, [BRIDGE])),
    forwarding: (await readFile(FORWARDING, "utf8")).trim() === "1",
  };
}

/** Removes every rule, chain and bridge of an engine, where the machine had none before. */
export async function restoreNetwork({ clean, forwarding }: NetworkBefore): Promise<void> {
  if (!clean) return;
  const bridges = [BRIDGE, ...(await ownBridges())];
  for (const table of TABLES) {
    for (const parameters of undoRules(await readRules(table), bridges)) {
      await attempt("iptables", ["--table", table, ...parameters]);
    }
  }
  for (const bridge of bridges) {
    for (const link of [...(await membersOf(bridge)), bridge]) {
      await attempt("ip", ["link", "delete", link]);
    }
  }
  if (forwarding) return;
  await attempt("iptables", ["--policy", "FORWARD", "ACCEPT"]);
  await writeFile(FORWARDING, "0");
}

/** The `iptables` parameters that take back an engine's part of a listing as `iptables -S` prints it. */
export function undoRules(
  rules: readonly string[],
  bridges: readonly string[],
): readonly (readonly string[])[] {
  const ours = rules.filter((rule) => mentionsDocker(rule, bridges));
  const appended = ours.filter((rule) => rule.startsWith("-A ") && !rule.startsWith("-A DOCKER"));
  const chains = ours.filter((rule) => rule.startsWith("-N DOCKER")).map((rule) => rule.slice(3));
  return [
    ...appended.map((rule) => splitRule(rule.replace(/^-A/, "-D"))),
    ...chains.map((chain) => ["-F", chain]),
    ...chains.map((chain) => ["-X", chain]),
  ];
}

function mentionsDocker(rule: string, bridges: readonly string[]): boolean {
  return rule
    .split(" ")
    .some((word) => word.startsWith("DOCKER") || OWN_ADDRESS.test(word) || bridges.includes(word));
}

/** Splits at spaces but for those between double quotes. */
function splitRule(rule: string): readonly string[] {
  return [...rule.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

async function readRules(table: string): Promise<readonly string[]> {
  const { code, stdout } = await attempt("iptables", ["--table", table, "-S"]);
  return code === 0 ? stdout.split("\n").filter((line) => line !== "") : [];
}

/** The bridges of networks in the addresses that only engines of ours hand out. */
async function ownBridges(): Promise<readonly string[]> {
  const { stdout } = await attempt("ip", ["-oneline", "-4", "address", "show"]);
  return stdout
    .split("\n")
    .flatMap((line) => /^\d+: (br-[0-9a-f]{12})\s+inet 198\.1[89]\./.exec(line)?.[1] ?? []);
}

async function membersOf(bridge: string): Promise<readonly string[]> {
  const { stdout } = await attempt("ip", ["-oneline", "link", "show", "master", bridge]);
  return stdout.split("\n").flatMap((line) => /^\d+: ([^:@\s]+)/.exec(line)?.[1] ?? []);
}
