// What a harness could leave on this machine, as one list, so that two looks can be compared.
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { parseHierarchies } from "../../scripts/engine/cgroup.ts";
import { listProcesses } from "../../scripts/engine/processes.ts";

const run = promisify(execFile);
const SETTINGS = [
  "net/ipv4/ip_forward",
  "net/bridge/bridge-nf-call-iptables",
  "net/ipv4/conf/all/rp_filter",
];

/** Links, routes, firewall, kernel settings, mounts, named namespaces, cgroups, and processes that mention `directory`. */
export async function hostTraces(directory: string): Promise<readonly string[]> {
  const mountinfo = await readFile("/proc/self/mountinfo", "utf8");
  const mounts = mountinfo.split("\n").map((line) => `mount ${line.split(" ")[4]}`);
  const processes = (await listProcesses()).map(({ words }) => `process ${words.join(" ")}`);
  return [
    ...(await lines("link", "ip", "-oneline", "link", "show")).map((line) => line.split("@")[0]),
    ...(await lines("route", "ip", "route", "show", "table", "all")),
    ...(await lines("rule", "iptables-save")),
    ...(await Promise.all(SETTINGS.map(readSetting))),
    ...mounts,
    ...(await names("namespace", "/run/netns")),
    ...(await cgroups(mountinfo)),
    ...processes.filter((text) => text.includes(directory)),
  ]
    .map((text) => (text ?? "").replace(/\[\d+:\d+\]|^link \d+: /, "").trim())
    .filter((text) => !text.startsWith("rule #"))
    .toSorted();
}

async function lines(kind: string, program: string, ...words: string[]): Promise<string[]> {
  const { stdout } = await run(program, words);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => `${kind} ${line}`);
}

async function readSetting(name: string): Promise<string> {
  const value = await readFile(`/proc/sys/${name}`, "utf8").catch(() => "none");
  return `setting ${name} ${value.trim()}`;
}

async function names(kind: string, folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).map((name) => `${kind} ${name}`);
}

async function cgroups(mountinfo: string): Promise<string[]> {
  const all = parseHierarchies(mountinfo).map(async ({ root }) => {
    const entries = await readdir(root, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `cgroup ${root}/${name}`);
  });
  return (await Promise.all(all)).flat();
}
