// The parts of Node below `net.Socket` and `net.Server` that no documentation promises, and whether this Node has them.
// All that is known about their shape stands here; how they are used is the business of `handle-wire.ts`.
import { isIP, type Server, type Socket } from "node:net";

/** A write in progress; reused, but not before the handle has let go of it: after `oncomplete` has returned. */
export interface WriteRequest {
  /** `status` is negative (an errno) when not everything was written. */
  oncomplete: (status: number) => void;
}

/** What a TCP or TLS socket reads from and writes to. */
export interface StreamHandle {
  /** Called after each read, with nothing: {@link readResult} says what happened. Must return undefined. */
  onread: () => void;
  /** From now on, everything is read into `buffer`, whose memory must never move: not from Node's pool. */
  useUserBuffer(buffer: Buffer): number;
  readStart(): number;
  readStop(): number;
  /** Bytes that the kernel has not taken yet. Costs a call out of JavaScript. */
  readonly writeQueueSize: number;
  /** 0, or an errno. {@link wasLastWriteAsync} says whether it is done already; if not, `bytes` must stay as it is. */
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

/** libuv's name for the end of the input. */
export const END_OF_FILE = -4_095;

const binding: StreamBinding | undefined = findBinding();
const state: Int32Array = binding?.streamBaseState ?? new Int32Array(1);
const readSlot: number = binding?.kReadBytesOrError ?? 0;
const asyncSlot: number = binding?.kLastWriteWasAsync ?? 0;

/** `MESH_IO=socket` keeps to the documented parts of Node, should another version of it break a fast way. */
export const MAY_USE_INTERNALS: boolean = process.env["MESH_IO"] !== "socket";

/** Whether sockets of this Node can be used through their handles at all. */
export const HAS_HANDLES: boolean = binding !== undefined;

/** Within `onread`: how many bytes were read, or why none were (an errno, {@link END_OF_FILE}). */
export function readResult(): number {
  return state[readSlot] as number;
}

/** Directly after `writeBuffer`. */
export function wasLastWriteAsync(): boolean {
  return state[asyncSlot] !== 0;
}

/** Only where {@link HAS_HANDLES}. */
export function createWriteRequest(oncomplete: (status: number) => void): WriteRequest {
  if (binding === undefined) throw new Error("this Node does not give access to handles");
  const request = new binding.WriteWrap();
  request.oncomplete = oncomplete;
  return request;
}

/** The handle of an open TCP or TLS socket; undefined when it has none that can be used. */
export function handleOf(socket: Socket): StreamHandle | undefined {
  const handle = (socket as unknown as { readonly _handle?: Partial<StreamHandle> | null })._handle;
  if (binding === undefined || handle === undefined || handle === null) return undefined;
  const { name } = handle.constructor;
  if (name !== "TCP" && name !== "TLSWrap") return undefined;
  const isComplete = [
    handle.useUserBuffer,
    handle.readStart,
    handle.readStop,
    handle.writeBuffer,
  ].every((method) => typeof method === "function");
  return isComplete ? (handle as StreamHandle) : undefined;
}

/** What `net.Server.listen` comes to in the end; Node keeps the name for those who wrap it. */
type Listen2 = (
  this: Server,
  address: string,
  port: number,
  family: number,
  backlog: number,
  descriptor: undefined,
  flags: number,
) => void;

/** What Node asks for where nothing else is said; the kernel allows `net.core.somaxconn` of them. */
const BACKLOG = 511;

/** `SO_REUSEPORT`, in Node's own number. */
const REUSE_PORT = 2;

/** Listens as `server.listen` does with `reusePort`, for an IP address only. False, and nothing has happened, where that cannot be had. */
export function listenDirectly(server: Server, address: string, port: number): boolean {
  const { _listen2: listen2 } = server as { readonly _listen2?: Listen2 };
  const family = isIP(address);
  if (!MAY_USE_INTERNALS || typeof listen2 !== "function" || family === 0) return false;
  listen2.call(server, address, port, family, BACKLOG, undefined, REUSE_PORT);
  return true;
}

/** Undefined when Node has hidden or changed it. */
function findBinding(): StreamBinding | undefined {
  const { binding: load } = process as unknown as { binding?: (name: string) => unknown };
  try {
    const found = load?.call(process, "stream_wrap") as Partial<StreamBinding> | undefined;
    const isComplete =
      typeof found?.WriteWrap === "function" &&
      found.streamBaseState instanceof Int32Array &&
      typeof found.kReadBytesOrError === "number" &&
      typeof found.kLastWriteWasAsync === "number";
    return isComplete ? (found as StreamBinding) : undefined;
  } catch {
    return undefined;
  }
}
