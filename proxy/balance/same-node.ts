// Same-node preference: a request that stays on its node costs no network.

/**
 * Sets the weights of endpoints elsewhere to 0 when one on this node can be used. Says whether it did. `sameNode` by index.
 */
export function keepToSameNode(weights: Float64Array, sameNode: readonly boolean[]): boolean {
  const local = weights.some((weight, index) => weight > 0 && sameNode[index] === true);
  if (!local) return false;
  for (let index = 0; index < weights.length; index += 1)
    if (sameNode[index] !== true) weights[index] = 0;
  return true;
}
