// What dockerd does to the host's network and never takes back: its bridges and firewall chains. They are removed
// together with an engine of our own, and only where the machine had none of them before.
import { readFile } from "node:fs/promises";
import { attempt } from "../command.ts";

const TABLES = ["filter", "nat"] as const;
const BRIDGE = "docker0";

/** Whether no engine has left a mark on this machine's network, or none runs on it. */
export async function isNetworkClean(): Promise<boolean> {
  const links = await readFile("/proc/net/dev", "utf8");
  if (links.includes(`${BRIDGE}:`)) return false;
  return (await readRules("filter")).every((rule) => !mentionsDocker(rule, []));
}

/** Removes every rule and chain of Docker, the default bridge, and the bridges of these networks. */
export async function removeNetworkTraces(bridges: readonly string[]): Promise<void> {
  for (const table of TABLES) {
    for (const parameters of undoRules(await readRules(table), bridges)) {
      await attempt("iptables", ["--table", table, ...parameters]);
    }
  }
  for (const link of [BRIDGE, ...bridges]) await attempt("ip", ["link", "delete", link]);
}

/** The `iptables` parameters that take back Docker's part of a listing as `iptables -S` prints it. */
export function undoRules(
  rules: readonly string[],
  bridges: readonly string[],
): readonly (readonly string[])[] {
  const ours = rules.filter((rule) => mentionsDocker(rule, bridges));
  const appended = ours.filter((rule) => rule.startsWith("-A ") && !/^-A DOCKER/.test(rule));
  const chains = ours.filter((rule) => /^-N DOCKER/.test(rule)).map((rule) => rule.slice(3));
  const policy = chains.includes("DOCKER-USER") && rules.includes("-P FORWARD DROP");
  return [
    ...appended.map((rule) => splitRule(rule.replace(/^-A/, "-D"))),
    ...chains.map((chain) => ["-F", chain]),
    ...chains.map((chain) => ["-X", chain]),
    ...(policy ? [["-P", "FORWARD", "ACCEPT"]] : []),
  ];
}

function mentionsDocker(rule: string, bridges: readonly string[]): boolean {
  const words = rule.split(" ");
  return words.some(
    (word) => word === BRIDGE || word.startsWith("DOCKER") || bridges.includes(word),
  );
}

/** Splits at spaces but for those between double quotes. */
function splitRule(rule: string): readonly string[] {
  return [...rule.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

async function readRules(table: string): Promise<readonly string[]> {
  const { code, stdout } = await attempt("iptables", ["--table", table, "-S"]);
  return code === 0 ? stdout.split("\n").filter((line) => line !== "") : [];
}
