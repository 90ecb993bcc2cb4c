// gRPC's standard question whether a service works: `grpc.health.v1.Health/Check`, over HTTP/2 in the clear. Its two messages
// have one field each, so they are written and read here by hand (Protocol Buffers' wire format; gRPC over HTTP/2).
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { nodeHttp2 } from "../http2/node-http2.ts";

const PATH = "/grpc.health.v1.Health/Check";
/** Field 1 as bytes, and as a number. */
const SERVICE_FIELD = 0x0a;
const STATUS_FIELD = 0x08;
/** Of `HealthCheckResponse.ServingStatus`, by number. */
const STATUSES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] as const;
/** Longest answer that is read; the genuine one has 7 bytes. */
const LONGEST_ANSWER = 1_024;

/** Resolves when the service says SERVING; rejects with what it says otherwise, or with the signal's reason. */
export async function checkGrpc(port: number, service: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const session = nodeHttp2().connect(`http://127.0.0.1:${port}`);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  session.on("error", reject);
  session.once("close", () => reject(new Error("the connection was closed without an answer")));
  try {
    listen(request(session, service), resolve, reject);
    const status = await promise;
    if (status !== "SERVING") throw new Error(`expected SERVING, found ${status}`);
  } finally {
    signal.removeEventListener("abort", onAbort);
    session.destroy();
  }
}

function request(session: ClientHttp2Session, service: string): ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": PATH,
    "content-type": "application/grpc",
    te: "trailers",
    "user-agent": "docker-mesh-probe",
  });
  stream.end(healthRequest(service));
  return stream;
}

/** Hears of the one answer: a message, or a status that is not OK in the trailers or in place of everything. */
function listen(
  stream: ClientHttp2Stream,
  resolve: (status: string) => void,
  reject: (error: Error) => void,
): void {
  let answer = Buffer.alloc(0);
  const refuse = (fields: IncomingHttpHeaders): void => {
    const status = fields["grpc-status"];
    if (status === undefined || status === "0") return;
    const text = readMessage(String(fields["grpc-message"] ?? ""));
    reject(new Error(`expected SERVING, found gRPC status ${status} ${text}`.trimEnd()));
  };
  stream.on("error", reject);
  stream.on("response", (fields) => {
    if (fields[":status"] === 200) refuse(fields);
    else reject(new Error(`expected SERVING, found HTTP status ${fields[":status"]}`));
  });
  stream.on("trailers", refuse);
  stream.on("data", (bytes: Buffer) => {
    answer = Buffer.concat([answer, bytes]);
    if (answer.length > LONGEST_ANSWER)
      reject(new Error("expected a health answer, found a longer message"));
  });
  // An error status has rejected before: what comes second is not heard.
  stream.once("end", () => resolve(readHealth(answer)));
}

/** Texts travel percent-encoded. */
function readMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A message within gRPC's frame: not compressed, its length in four bytes. */
export function healthRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const field =
    name.length === 0
      ? name
      : Buffer.concat([Buffer.from([SERVICE_FIELD]), varint(name.length), name]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(field.length, 1);
  return Buffer.concat([prefix, field]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

/** The status that a framed answer carries. An absent field is zero, which is UNKNOWN. */
export function readHealth(frame: Buffer): string {
  if (frame.length < 5) return "no message";
  const length = frame.readUInt32BE(1);
  if (frame[0] !== 0 || frame.length !== 5 + length)
    return "a message that is compressed or cut short";
  if (length === 0) return "UNKNOWN";
  if (length !== 2 || frame[5] !== STATUS_FIELD) return "a message that is no health answer";
  return STATUSES[frame[6] as number] ?? `status ${frame[6]}`;
}
