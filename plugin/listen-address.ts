// Where a server of the agent is told to listen.

/** Reads `host:port`, of IPv6 `[host]:port`. Throws for anything else. */
export function parseListen(text: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535) {
    throw new Error(`expected host:port, got ${JSON.stringify(text)}`);
  }
  return { host, port: Number(port) };
}
