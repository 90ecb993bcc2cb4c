// Bringing the outside world in line with the configuration in force: listeners first, then the names that lead to them.
// Done after each new snapshot and again from time to time, since ports become free and Docker rewrites hosts files.
import type { Clock } from "../mesh/clock.ts";
import { describeError } from "../mesh/errors.ts";
import { Latest } from "../mesh/latest.ts";
import type { Log } from "../mesh/log.ts";
import { buildConfiguration, type Configuration } from "./configuration/configuration.ts";
import type { DestinationSource } from "./configuration/destination-source.ts";
import { snapshotFrom } from "./configuration/parse-snapshot.ts";
import { REPORT_INTERVAL, type Snapshot } from "./configuration/snapshot.ts";
import { SnapshotAssembly } from "./configuration/snapshot-changes.ts";
import type { CalledService } from "./health/called-service.ts";
import { hostsEntries, updateHosts } from "./hosts.ts";
import type { Listeners } from "./listen/listeners.ts";
import type { Status } from "./status.ts";

/** Milliseconds between two looks at the states of endpoints. */
const SWEEP_INTERVAL = 1_000;
/** Milliseconds until a port that could not be opened is tried again. */
const RETRY_INTERVAL = 1_000;

export interface UpkeepParts {
  readonly hostsFile: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly status: Status;
  readonly destinations: DestinationSource;
  /** Called right after a new configuration is in force. */
  readonly swapped: (configuration: Configuration) => void;
}

/** Owns the one reference to the configuration in force. */
export class Upkeep {
  readonly #parts: UpkeepParts;
  readonly #due = new Latest<unknown>();
  readonly #assembly = new SnapshotAssembly();
  #configuration: Configuration | undefined;
  #incomplete = false;
  #namesReleased = false;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  get configuration(): Configuration | undefined {
    return this.#configuration;
  }

  /**
   * Puts a line of the agent's stream in force, or refuses it as a whole and keeps what there is. False when lines after it
   * cannot be understood either, as changes of something that is not known here.
   */
  receive(line: string): boolean {
    let isWhole = false;
    try {
      const value = this.#assembly.take(line);
      isWhole = true;
      this.#accept(snapshotFrom(value));
    } catch (error) {
      const problem = `a configuration from the agent was refused: ${describeError(error)}`;
      this.#parts.log.error(problem);
      this.#parts.status.setProblems("configuration", [problem]);
    }
    return isWhole;
  }

  #accept(snapshot: Snapshot): void {
    const { status, destinations, log, swapped } = this.#parts;
    if (snapshot.version === this.#configuration?.snapshot.version) {
      status.setProblems("configuration", []);
      // An agent that came back repeats itself; it wants to hear of us all the same.
      status.changes.set(undefined);
      return;
    }
    this.#configuration = buildConfiguration(snapshot, this.#configuration, destinations);
    status.setProblems("configuration", []);
    swapped(this.#configuration);
    status.setServices(calledServices(this.#configuration));
    this.#due.set(undefined);
    log.info("a new configuration is in force", { version: snapshot.version });
  }

  /** Keeps listeners and hosts file in line until the signal aborts. */
  async run(listeners: Listeners, signal: AbortSignal): Promise<void> {
    const ticks = Promise.all([this.#tick(signal), this.#sweep(signal)]);
    for await (const _ of this.#due.values(signal)) {
      if (this.#configuration !== undefined) await this.#settle(this.#configuration, listeners);
    }
    await ticks;
  }

  /** Endpoints change with time alone, too: an ejection ends whether there are requests or not. */
  async #sweep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#parts.clock.sleep(SWEEP_INTERVAL, signal).catch(() => undefined);
      this.#parts.status.lookAtEndpoints();
    }
  }

  /** Leaves the places to a successor, and the hosts file with them; false when there is none. */
  leave(listeners: Listeners): boolean {
    const { configuration } = this;
    if (configuration === undefined || !listeners.leave()) return false;
    this.#parts.status.setInForce(configuration.snapshot.version, false);
    return true;
  }

  /** Names of services lead where they did before the mesh, from now on. */
  releaseNames(): void {
    this.#namesReleased = true;
    updateHosts(this.#parts.hostsFile, []);
  }

  async #tick(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const interval = this.#incomplete ? RETRY_INTERVAL : REPORT_INTERVAL;
      await this.#parts.clock.sleep(interval, signal).catch(() => undefined);
      this.#due.set(undefined);
    }
  }

  async #settle(configuration: Configuration, listeners: Listeners): Promise<void> {
    const { hostsFile, status, log } = this.#parts;
    const { ready, problems } = await listeners.reconcile(configuration);
    // A successor, perhaps of another version, writes it now.
    if (listeners.left) return status.setInForce(configuration.snapshot.version, false);
    // Names of a service whose port could not be opened are written too: its calls are refused rather than sent past us.
    const entries = this.#namesReleased ? [] : hostsEntries(configuration.snapshot);
    const hostsProblem = updateHosts(hostsFile, entries);
    const hostsProblems = hostsProblem === undefined ? [] : [hostsProblem];
    this.#incomplete = problems.length > 0 || hostsProblems.length > 0;
    const news = [
      ...(status.setProblems("listeners", problems) ? problems : []),
      ...(status.setProblems("hosts", hostsProblems) ? hostsProblems : []),
    ];
    for (const problem of news) log.warn(problem);
    status.setInForce(configuration.snapshot.version, ready);
  }
}

function calledServices({ outbound }: Configuration): CalledService[] {
  return [...outbound.services.values()].flatMap(({ ports }) => [...ports.values()]);
}
