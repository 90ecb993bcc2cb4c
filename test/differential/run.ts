// Compares our verdicts about HTTP/1.1 requests with those of other servers, and has them read what we pass on.
// node test/differential/run.ts [seconds of search]
// Ends with an error when a server reads something that we pass on in another way than we did.
import { METHODS } from "node:http";
import fc from "fast-check";
import { loadCases, toBytes } from "../helpers/http1-cases.ts";
import { RequestDriver } from "../helpers/http1-driver.ts";
import { type Message, readRequests } from "../helpers/http1-messages.ts";
import { damaged } from "../proxy/http1/arbitraries.ts";
import { haproxy, nginx, node, type Server, type Verdict } from "./servers.ts";

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Our own verdict, and the bytes that go on. */
function ours(bytes: Buffer): Verdict & { readonly output: Buffer } {
  const driver = new RequestDriver();
  driver.feed(bytes);
  const { output, violation } = driver;
  return { messages: readRequests(output).messages, refused: violation !== undefined, output };
}

/** What has to be the same to everybody. Where `*` or a full address is meant, servers write different things. */
function core({ line, body }: Message): string {
  const [method, target] = line.split(" ");
  return JSON.stringify([method, target, body]);
}

function cores(messages: readonly Message[]): string {
  return messages.map(core).join("\n");
}

type Difference = "same" | "stricter" | "laxer" | "other";

/** How the server differs from us. */
function compare(server: Verdict, us: Verdict): Difference {
  if (cores(server.messages) === cores(us.messages) && server.refused === us.refused) return "same";
  if (us.refused && server.messages.length > us.messages.length) return "laxer";
  if (server.refused && server.messages.length < us.messages.length) return "stricter";
  return us.refused === server.refused ? "other" : us.refused ? "laxer" : "stricter";
}

const EXPLAINED: Readonly<Record<Exclude<Difference, "same">, string>> = {
  laxer: "accepts or waits for more where we refuse",
  stricter: "refuses what we accept",
  other: "accepts it in another way",
};

async function compareCases(server: Server): Promise<void> {
  const found = new Map<Difference, string[]>();
  for (const { name, section, side, verdict, bytes } of loadCases()) {
    if (side !== "request" || verdict === "incomplete") continue;
    const input = toBytes(bytes);
    const difference = compare(await server.judge(input), ours(input));
    found.set(difference, [...(found.get(difference) ?? []), `${name} (${section})`]);
  }
  say(`\n## ${server.name}: the same verdict in ${found.get("same")?.length ?? 0} cases`);
  for (const [difference, text] of Object.entries(EXPLAINED)) {
    const names = found.get(difference as Difference) ?? [];
    say(`\n${text}: ${names.length}`);
    for (const name of names) say(`  ${name}`);
  }
}

/** What a server may refuse of what we pass on: methods it does not know, an address it does not like. */
async function disagrees(server: Server, output: Buffer): Promise<string | undefined> {
  const us = readRequests(output).messages;
  const { messages, refused } = await server.judge(output);
  const theirs = cores(messages);
  if (theirs === cores(us)) return undefined;
  // A refusal ends the connection: what was read before it has to agree.
  if (refused && cores(us).startsWith(theirs)) return undefined;
  return `${server.name} reads ${theirs || "nothing"}\nwhere we wrote ${cores(us)}`;
}

async function readBack(servers: readonly Server[], inputs: Iterable<Buffer>): Promise<number> {
  let faults = 0;
  for (const input of inputs) {
    const { output, messages } = ours(input);
    if (messages.length === 0 || !readable(messages)) continue;
    for (const server of servers) {
      const fault = await disagrees(server, output);
      if (fault === undefined) continue;
      faults += 1;
      say(`\n${JSON.stringify(input.toString("latin1"))}\n${fault}`);
    }
  }
  return faults;
}

/** Tunnels and methods that some servers do not know say nothing about how the rest is read. */
function readable(messages: readonly Message[]): boolean {
  return messages.every(({ line, fields }) => {
    const [method = "", target = ""] = line.split(" ");
    const tunnel = fields.some(([name]) => name === "upgrade");
    return METHODS.includes(method) && method !== "CONNECT" && target !== "*" && !tunnel;
  });
}

function* searched(inputs: readonly Buffer[], seconds: number): Iterable<Buffer> {
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) yield* fc.sample(damaged(inputs), 20);
}

const seconds = Number(process.argv[2] ?? 10);
const proxies = await Promise.all([haproxy(), nginx()]);
const servers = [node, ...proxies].filter((server) => server !== undefined);
try {
  for (const server of servers) await compareCases(server);
  const good = loadCases()
    .filter(({ side, verdict }) => side === "request" && verdict === "forward")
    .map(({ bytes }) => toBytes(bytes))
    .filter(({ length }) => length < 2_000);
  const faults =
    (await readBack(servers, good)) + (await readBack(servers, searched(good, seconds)));
  say(`\n## What we pass on is read in another way: ${faults} times`);
  if (faults > 0) process.exitCode = 1;
} finally {
  for (const server of servers) await server.close();
}
