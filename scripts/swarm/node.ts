// One node of a swarm on this machine, and everything that can befall it.
import { attempt, type CommandResult, run, SetupError } from "../command.ts";
import { limitProcessors } from "../engine/cgroup.ts";
import {
  crashEngine,
  type EngineKind,
  engineSocket,
  enterNode,
  nodeCgroup,
  startEngine,
  stopEngine,
} from "./engine.ts";
import { endMachine, findMachine, startMachine } from "./machine.ts";
import { plantSeed } from "./seed.ts";
import { nodeAddress, nodeDirectory, nodeName, type Site } from "./site.ts";
import { onSwitch, plugIn, setWire, wireCarries } from "./switch.ts";

export type Role = "manager" | "worker";

export class SwarmNode {
  /** Its host name and its name in the swarm. */
  readonly name: string;
  /** By which the host and the other nodes reach it. */
  readonly address: string;
  /** The engine's unix socket on this host. Inside the node it is /run/docker.sock. */
  readonly socket: string;
  /** What it joined the swarm as. */
  readonly role: Role;
  readonly #site: Site;
  readonly #number: number;
  readonly #kind: EngineKind;

  constructor(site: Site, number: number, role: Role, kind: EngineKind = { liveRestore: false }) {
    this.#site = site;
    this.#number = number;
    this.#kind = kind;
    this.name = nodeName(number);
    this.address = nodeAddress(site, number);
    this.socket = engineSocket(site, this.name);
    this.role = role;
  }

  /** Runs `docker …` on the node's engine and returns its standard output. Throws SetupError when it fails. */
  async docker(parameters: readonly string[]): Promise<string> {
    return await run("docker", ["--host", `unix://${this.socket}`, ...parameters]);
  }

  /** Runs a program of this host inside the node (its network, processes, mounts, host name), whatever its exit code. */
  async run(command: readonly string[], signal?: AbortSignal): Promise<CommandResult> {
    const [program = "", ...parameters] = [...(await enterNode(this.#site, this.name)), ...command];
    return await attempt(program, parameters, signal === undefined ? {} : { signal });
  }

  /** Whether the machine is on; its engine may still be down. */
  async isOn(): Promise<boolean> {
    return (await findMachine(nodeDirectory(this.#site, this.name))) !== undefined;
  }

  /** Switches the machine on, with the data it had, and resolves when its engine answers. */
  async start(): Promise<void> {
    const directory = nodeDirectory(this.#site, this.name);
    if (await this.isOn()) throw new SetupError(`expected ${this.name} to be off, but it is on`);
    try {
      await plantSeed(this.#site, this.name);
      await startMachine(directory, this.name);
      await plugIn(this.#site, this.#number);
      await this.startEngine();
    } catch (error) {
      await endMachine(directory);
      throw error;
    }
  }

  /**
   * The machine is lost: nothing leaves it any more, then engine and containers end without a word. `start` brings it
   * back.
   */
  async kill(): Promise<void> {
    await this.cutOff();
    await endMachine(nodeDirectory(this.#site, this.name));
  }

  /** Loses every packet between this node and all others, silently. What runs on it runs on. */
  async cutOff(): Promise<void> {
    await setWire(this.#site, this.name, false);
  }

  /** Carries packets again after `cutOff`. */
  async heal(): Promise<void> {
    await setWire(this.#site, this.name, true);
  }

  /** Whether its wire carries packets: it is on and not cut off. */
  async isConnected(): Promise<boolean> {
    return await wireCarries(this.#site, this.name);
  }

  /** Stops the engine as `systemctl stop docker` does, its containers first unless they are to outlive it. */
  async stopEngine(): Promise<void> {
    await stopEngine(this.#site, this.name, this.#kind);
  }

  /** Ends the engine's process at once; containers run on until it is started again. */
  async crashEngine(): Promise<void> {
    await crashEngine(this.#site, this.name);
  }

  /** Starts the engine and resolves when it answers. */
  async startEngine(): Promise<void> {
    await startEngine(this.#site, this.name, this.#kind);
  }

  /** As `systemctl restart docker` does. */
  async restartEngine(): Promise<void> {
    await this.stopEngine();
    await this.startEngine();
  }

  /** Gives engine and containers together at most that many processors' time (0.1: a tenth of one), or all again. */
  async limitProcessors(processors: number | undefined): Promise<void> {
    await limitProcessors(nodeCgroup(this.#site, this.name), processors);
  }

  /**
   * Delays every packet to this node by that many milliseconds; 0 lifts it. Throws SetupError where the kernel has no
   * netem.
   */
  async delay(milliseconds: number): Promise<void> {
    if (milliseconds === 0) {
      await onSwitch(this.#site, ["tc", "qdisc", "delete", "dev", this.name, "root"]);
      return;
    }
    const netem = ["root", "netem", "delay", `${milliseconds}ms`];
    try {
      await onSwitch(this.#site, ["tc", "qdisc", "replace", "dev", this.name, ...netem]);
    } catch (error) {
      throw new SetupError(
        "expected the kernel to have netem (CONFIG_NET_SCH_NETEM), with which packets are delayed, but it refuses; " +
          "run this on a kernel with it, as Debian's is",
        { cause: error },
      );
    }
  }
}
