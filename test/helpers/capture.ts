// Packets on a container's network, captured by tcpdump in a container that shares its namespace.
import { docker, provided } from "./docker.ts";
import { eventually } from "./eventually.ts";

export interface Packet {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** TCP payload. */
  readonly payload: Buffer;
}

/** Captures TCP on all interfaces but loopback while `during` runs. */
export async function capture(containerId: string, during: () => Promise<void>): Promise<Packet[]> {
  const id = await docker(
    "run",
    "-d",
    "--network",
    `container:${containerId}`,
    "--cap-add",
    "NET_RAW",
    "--entrypoint",
    "tcpdump",
    provided("MESH_TEST_TOOLS_IMAGE"),
    "-i",
    "eth0",
    "-Z",
    "root",
    "--immediate-mode",
    "-U",
    "-w",
    "/tmp/capture.pcap",
    "-s",
    "0",
    "tcp",
  );
  try {
    await eventually(async () => {
      const { stderr } = await logsOf(id);
      if (!stderr.includes("listening on")) throw new Error(`tcpdump is not listening: ${stderr}`);
    });
    await during();
    await docker("kill", "--signal", "INT", id);
    await docker("wait", id);
    return readCapture(await copyOut(id, "/tmp/capture.pcap"));
  } finally {
    await docker("rm", "-f", id);
  }
}

async function logsOf(id: string): Promise<{ stderr: string }> {
  const { execFile } = await import("node:child_process");
  return await new Promise((resolve) =>
    execFile("docker", ["logs", id], (_, __, stderr) => resolve({ stderr })),
  );
}

/** `docker cp … -` writes a tar of one file: a 512-byte header, then the content. */
async function copyOut(id: string, path: string): Promise<Buffer> {
  const { execFile } = await import("node:child_process");
  const options = { encoding: "buffer", maxBuffer: 256 * 1024 * 1024 } as const;
  const tar = await new Promise<Buffer>((resolve, reject) =>
    execFile("docker", ["cp", `${id}:${path}`, "-"], options, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    ),
  );
  const size = Number.parseInt(tar.subarray(124, 135).toString("ascii"), 8);
  return tar.subarray(512, 512 + size);
}

/** The TCP packets of a little-endian pcap file of Ethernet frames. */
export function readCapture(file: Buffer): Packet[] {
  const packets: Packet[] = [];
  for (let at = 24; at + 16 <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    const packet = readFrame(file.subarray(at + 16, at + 16 + length));
    if (packet !== undefined) packets.push(packet);
    at += 16 + length;
  }
  return packets;
}

function readFrame(frame: Buffer): Packet | undefined {
  if (frame.length < 34 || frame.readUInt16BE(12) !== 0x0800 || frame[23] !== 6) return undefined;
  const ip = frame.subarray(14, 14 + frame.readUInt16BE(16));
  const tcp = ip.subarray(((ip[0] ?? 0) & 0x0f) * 4);
  const payload = tcp.subarray(((tcp[12] ?? 0) >> 4) * 4);
  return { sourcePort: tcp.readUInt16BE(0), destinationPort: tcp.readUInt16BE(2), payload };
}
