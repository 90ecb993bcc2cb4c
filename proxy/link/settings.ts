// What each end of a link says first: what it speaks and what it is ready to take.
import { MAX_PAYLOAD, MAX_WINDOW, readNumber, writeNumber } from "./frames.ts";

export interface Settings {
  /** The latest version this end speaks; both then speak the lower one. */
  readonly version: number;
  /** Bytes of a body that may be on their way in each new stream. */
  readonly window: number;
  /** Streams that the peer may have open at once. */
  readonly streams: number;
  /** The longest payload this end takes. */
  readonly payload: number;
}

export const SETTINGS_SIZE = 16;

export const OUR_SETTINGS: Settings = {
  version: 1,
  window: 65_536,
  streams: 1_024,
  payload: MAX_PAYLOAD,
};

/** Writes {@link SETTINGS_SIZE} bytes at `at`. */
export function writeSettings(out: Buffer, at: number, settings: Settings): void {
  writeNumber(out, at, settings.version);
  writeNumber(out, at + 4, settings.window);
  writeNumber(out, at + 8, settings.streams);
  writeNumber(out, at + 12, settings.payload);
}

/** Undefined when they cannot be meant. What follows after the known fields is of later versions, and ignored. */
export function readSettings(bytes: Buffer, at: number): Settings | undefined {
  const version = readNumber(bytes, at);
  const window = readNumber(bytes, at + 4);
  const streams = readNumber(bytes, at + 8);
  const payload = readNumber(bytes, at + 12);
  const isUsable =
    version >= 1 &&
    window >= 1 &&
    window <= MAX_WINDOW &&
    streams >= 1 &&
    // A head has to fit into one frame.
    payload >= MAX_PAYLOAD;
  return isUsable ? { version, window, streams, payload } : undefined;
}
