// The wire between the nodes: a bridge in a machine of its own, so that the host's firewall and settings are neither
// used nor changed. Each node hangs on a port of it that carries the node's name.
import { join } from "node:path";
import { attempt, run, SetupError } from "../command.ts";
import { enterMachine, findMachine, startMachine } from "./machine.ts";
import { hostAddress, nodeAddress, nodeDirectory, nodeName, type Site } from "./site.ts";

const SWITCH = "switch";
const BRIDGE = "bridge";

export function switchDirectory(site: Site): string {
  return join(site.directory, SWITCH);
}

/** Starts the switch and connects the host to it, so that what nodes publish can be reached from here. */
export async function startSwitch(site: Site): Promise<void> {
  await startMachine(switchDirectory(site), SWITCH);
  const pid = await switchPid(site);
  await onSwitch(site, ["ip", "link", "add", BRIDGE, "type", "bridge"]);
  await onSwitch(site, ["ip", "link", "set", BRIDGE, "up"]);
  // A link that a switch just ended still had goes a moment after it.
  await attempt("ip", ["link", "delete", site.name]);
  await run("ip", [
    ...["link", "add", site.name, "type", "veth"],
    ...["peer", "name", "host", "netns", String(pid)],
  ]);
  await onSwitch(site, ["ip", "link", "set", "host", "master", BRIDGE, "up"]);
  await run("ip", ["address", "add", `${hostAddress(site)}/24`, "dev", site.name]);
  await run("ip", ["link", "set", site.name, "up"]);
}

/** Connects a node's machine, which is on, to the switch. */
export async function plugIn(site: Site, number: number): Promise<void> {
  const port = nodeName(number);
  const machine = await findMachine(nodeDirectory(site, port));
  if (machine === undefined) throw new SetupError(`expected ${port} to stay on, but it went off`);
  // What a lost machine still had to say holds its network for minutes, and with that its port.
  await attempt(...split([...enterMachine(await switchPid(site)), "ip", "link", "delete", port]));
  // A machine that comes back has the hardware address it had, or its neighbours would talk past it for a while.
  const hardware = `02:98:18:00:00:${number.toString(16).padStart(2, "0")}`;
  // Made from here, since only the host knows both machines by their process ids.
  await run("ip", [
    ...["link", "add", "name", port, "netns", String(await switchPid(site)), "type", "veth"],
    ...["peer", "name", "eth0", "address", hardware, "netns", String(machine)],
  ]);
  await onSwitch(site, ["ip", "link", "set", port, "master", BRIDGE, "up"]);
  const inside = [...enterMachine(machine), "ip"];
  await run(
    ...split([...inside, "address", "add", `${nodeAddress(site, number)}/24`, "dev", "eth0"]),
  );
  await run(...split([...inside, "link", "set", "eth0", "up"]));
}

/**
 * Loses everything a node sends and is sent, or carries it again. A port that leaves the bridge keeps its link up, so
 * that frames vanish without a word, as they do on a wire that is broken far away.
 */
export async function setWire(site: Site, node: string, carries: boolean): Promise<void> {
  await onSwitch(site, [
    "ip",
    "link",
    "set",
    node,
    ...(carries ? ["master", BRIDGE] : ["nomaster"]),
  ]);
}

/** Whether a node's port carries frames. */
export async function wireCarries(site: Site, node: string): Promise<boolean> {
  const pid = await findMachine(switchDirectory(site));
  if (pid === undefined) return false;
  const show = [...enterMachine(pid), "ip", "-oneline", "link", "show", "dev", node];
  return (await attempt(...split(show))).stdout.includes(` master ${BRIDGE} `);
}

/** Runs a program on the switch and returns its output. */
export async function onSwitch(site: Site, command: readonly string[]): Promise<string> {
  return await run(...split([...enterMachine(await switchPid(site)), ...command]));
}

async function switchPid(site: Site): Promise<number> {
  const pid = await findMachine(switchDirectory(site));
  if (pid !== undefined) return pid;
  throw new SetupError("expected the swarm's switch to run, but it does not; start the swarm anew");
}

function split([program = "", ...parameters]: readonly string[]): [string, readonly string[]] {
  return [program, parameters];
}
