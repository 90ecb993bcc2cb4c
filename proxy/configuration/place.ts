/** Names a listener by where it listens. */
export function placeOf(address: string, port: number): string {
  return `${address}:${port}`;
}
