// The version of what agent and sidecar say to each other. It grows when one side must know which the other one is: when a field
// changes its meaning, goes, or must be there. A new field that whoever does not know it may ignore leaves it as it is.
// Each side works with its own version and with the one before and after; the newer one adapts (docs/decisions/022-upgrade.md).

/** Of this program. Recorded messages of each version stand in test/golden/contract. */
export const CONTRACT = 1;

/** What is said of itself by programs that were made before they told. */
const UNTOLD = 1;

/** On images: the contract of the programs in them. */
export const CONTRACT_LABEL = "docker-mesh.contract";

/** The field of requests and responses, in which each side says its own. */
export const CONTRACT_FIELD = "docker-mesh-contract";

/** The version in a label or a field; 0, which is nobody's neighbour, for what is no version. */
export function readContract(text: string | undefined): number {
  if (text === undefined || text === "") return UNTOLD;
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 0;
}

/** Whether programs of these versions may work together. */
export function areNeighbours(one: number, other: number): boolean {
  return one > 0 && other > 0 && Math.abs(one - other) <= 1;
}

/** For people: "contract 3, expected 1 or 2". */
export function describeDistance(found: number, own: number = CONTRACT): string {
  const expected = [own - 1, own, own + 1].filter((version) => version > 0);
  const last = expected.pop();
  return `contract ${found || "unknown"}, expected ${expected.join(", ")} or ${last}`;
}
