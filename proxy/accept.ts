// What an accepted connection carries decides which way it goes. The port's protocol says it, or leaves it to the first
// bytes; only one of the ways is taken.
import type { Protocol } from "../mesh/model.ts";
import { detect } from "./detect/detect.ts";
import type { Detected } from "./detect/first-bytes.ts";
import { relaySilent } from "./detect/relay-silent.ts";
import { CALLER_TIMEOUTS } from "./http/caller-surroundings.ts";
import type { Connection } from "./transport/connection.ts";
import type { Deadlines } from "./transport/deadlines.ts";

/** Where a connection goes, by what it carries. */
export interface Ways {
  http1(): void;
  http2(): void;
  /** Opaque bytes. Never rejects. */
  tcp(): void;
  /** The destination of the opaque bytes of a caller that waits to be spoken to. Rejects when there is none. */
  dialTcp(signal: AbortSignal): Promise<Connection>;
  /** A caller that waits to be spoken to is carried on, until disposed. */
  hold(): Disposable;
  /** What it waits for are opaque bytes; `reached` is false when there is nobody to say them. */
  countStream(reached: boolean): void;
}

/** Sends a connection on its way. Never throws and never rejects. */
export function accept(
  connection: Connection,
  protocol: Protocol,
  ways: Ways,
  deadlines: Deadlines,
): void {
  if (protocol === "tcp") ways.tcp();
  else if (protocol === "auto") void acceptAny(connection, ways);
  else void acceptHttp(connection, ways, deadlines);
}

/** HTTP of either kind; whoever says nothing at all is closed like one who has nothing more to ask. */
async function acceptHttp(connection: Connection, ways: Ways, deadlines: Deadlines): Promise<void> {
  const patience = {
    deadline: performance.now() + CALLER_TIMEOUTS.idle,
    expired: () => void connection.socket.destroy(),
  };
  deadlines.add(patience);
  const detected = await detect(connection, "http");
  deadlines.delete(patience);
  take(detected, ways);
}

async function acceptAny(connection: Connection, ways: Ways): Promise<void> {
  const detected = await detect(connection, "auto");
  if (detected !== "silent") {
    take(detected, ways);
    return;
  }
  using _held = ways.hold();
  const dial = (signal: AbortSignal): Promise<Connection> => ways.dialTcp(signal);
  try {
    const late = await relaySilent(connection, dial, () => ways.countStream(true));
    if (late !== "tunnelled") take(late, ways);
  } catch {
    ways.countStream(false);
    connection.reset();
  }
}

function take(detected: Detected, ways: Ways): void {
  if (detected === "http1") ways.http1();
  else if (detected === "http2") ways.http2();
  else if (detected === "tcp") ways.tcp();
}
