// Noticing that the network namespace has been left behind. When a workload restarts it gets a new namespace, and a
// sidecar of the old one is alone with the loopback interface: it must end, to be started anew in the new one.
import type { NetworkInterfaceInfo } from "node:os";

/** The interfaces of a namespace, as `node:os` gives them. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** Looks that must agree: between the end of one network and the start of the next there may be a moment without any. */
const LOOKS = 2;

export class StaleNamespace {
  #lonely = 0;

  /** Takes another look; true when the namespace has been left behind. */
  look(interfaces: Interfaces): boolean {
    const addresses = Object.values(interfaces).flatMap((each) => each ?? []);
    this.#lonely = addresses.some(({ internal }) => !internal) ? 0 : this.#lonely + 1;
    return this.#lonely >= LOOKS;
  }
}
