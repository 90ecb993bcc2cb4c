// What carrying bytes costs by itself: CPU per echo of 400 bytes and per megabyte, on each kind of wire, plain and TLS.
// The echo runs in a process of its own, whose CPU time is what is measured; who calls it uses ordinary sockets.
// `node test/bench/wire-echo.ts [rounds] [seconds]`
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { fileURLToPath } from "node:url";
import { plainConnection } from "../../proxy/transport/connection.ts";
import { openWire } from "../../proxy/transport/open-wire.ts";
import { Output } from "../../proxy/transport/output.ts";
import { createTlsIdentity } from "../../proxy/transport/tls.ts";
import { TestAuthority } from "../helpers/certificates.ts";

const CONNECTIONS = 32;
const SIZES = [400, 65_536];
const VARIANTS = [
  { means: "handle", protection: "plain" },
  { means: "socket", protection: "plain" },
  { means: "handle", protection: "TLS" },
  { means: "socket", protection: "TLS" },
] as const;

interface Answer {
  readonly port: number;
  /** Microseconds of CPU since the start. */
  readonly cpu: number;
}

if (process.send === undefined) await compare();
else await serve(process.argv[2] === "TLS");

/** In the child: an echo that tells its CPU time when asked. */
async function serve(isTls: boolean): Promise<void> {
  const accept = (socket: Socket): void => echo(socket);
  const server = isTls
    ? createTlsServer({ ...(await identity()), noDelay: true, allowHalfOpen: true }, accept)
    : createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, accept);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const answer = (): void => {
    const { user, system } = process.cpuUsage();
    process.send?.({ port, cpu: user + system } satisfies Answer);
  };
  process.on("message", answer);
  process.once("disconnect", () => process.exit());
  answer();
}

const output: Output = new Output();

function echo(socket: Socket): void {
  const wire = openWire(plainConnection(socket));
  wire.start({
    onBytes: (bytes, end) => {
      output.append(bytes, 0, end);
      if (!wire.send(output)) wire.pause();
    },
    onEnd: () => wire.close(),
    onDrain: () => wire.resume(),
    onClose: () => undefined,
  });
}

async function identity(): Promise<ReturnType<typeof createTlsIdentity>["options"]> {
  const authority = await TestAuthority.create();
  return createTlsIdentity(await authority.certificatesFor("echo"), 1).options;
}

async function compare(): Promise<void> {
  const rounds = Number(process.argv[2] ?? 5);
  const seconds = Number(process.argv[3] ?? 2);
  for (const size of SIZES) {
    const costs = VARIANTS.map((): number[] => []);
    for (let round = 0; round < rounds; round += 1) {
      for (let turn = 0; turn < VARIANTS.length; turn += 1) {
        const index = (round + turn) % VARIANTS.length;
        const variant = VARIANTS[index];
        if (variant !== undefined) costs[index]?.push(await measure(variant, size, seconds));
      }
    }
    for (const [index, { means, protection }] of VARIANTS.entries()) {
      const sorted = (costs[index] ?? []).sort((one, other) => one - other);
      const numbers = [sorted[sorted.length >> 1], sorted[0], sorted.at(-1)];
      const [median, least, most] = numbers.map((cost = 0) => cost.toFixed(2));
      console.log(`${size} B  ${protection} ${means}: ${median} µs/echo [${least}–${most}]`);
    }
  }
}

/** Microseconds of CPU per echo. */
async function measure(
  { means, protection }: (typeof VARIANTS)[number],
  size: number,
  seconds: number,
): Promise<number> {
  const child = fork(fileURLToPath(import.meta.url), [protection], {
    env: { ...process.env, MESH_IO: means },
  });
  const [{ port }] = (await once(child, "message")) as [Answer];
  const counter = { echoes: 0, running: true };
  const sockets = Array.from({ length: CONNECTIONS }, () => {
    const isTls = protection === "TLS";
    const target = { host: "127.0.0.1", port };
    const socket = isTls ? connectTls({ ...target, rejectUnauthorized: false }) : connect(target);
    socket.once(isTls ? "secureConnect" : "connect", () => call(socket, size, counter));
    return socket;
  });
  await pass(seconds / 2);
  const before = await ask(child);
  const from = counter.echoes;
  await pass(seconds);
  const cost = ((await ask(child)) - before) / (counter.echoes - from);
  for (const socket of sockets) socket.destroy();
  child.disconnect();
  await once(child, "exit");
  return cost;
}

function call(socket: Socket, size: number, counter: { echoes: number }): void {
  const message = Buffer.alloc(size, "x");
  let missing = size;
  socket.setNoDelay(true);
  socket.on("data", (bytes: Buffer) => {
    missing -= bytes.length;
    if (missing > 0) return;
    counter.echoes += 1;
    missing = size;
    socket.write(message);
  });
  socket.write(message);
}

async function ask(child: ChildProcess): Promise<number> {
  child.send("cpu");
  const [{ cpu }] = (await once(child, "message")) as [Answer];
  return cpu;
}

async function pass(seconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}
