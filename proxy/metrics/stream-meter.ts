// How many bytes one byte stream has carried since it was last asked, read from the socket of the end that is not encrypted.
import type { Socket } from "node:net";
import type { StreamsReport } from "../configuration/traffic-report.ts";

/** Whose socket it is: that of the application that calls, or that of the one that is called. */
export type End = "caller" | "callee";

export class StreamMeter {
  readonly #socket: Pick<Socket, "bytesRead" | "bytesWritten">;
  readonly #end: End;
  #isNew = true;
  #received = 0;
  #sent = 0;

  constructor(socket: Pick<Socket, "bytesRead" | "bytesWritten">, end: End) {
    this.#socket = socket;
    this.#end = end;
  }

  read(isClosed: boolean): StreamsReport {
    const { bytesRead, bytesWritten } = this.#socket;
    const [received, sent] =
      this.#end === "caller" ? [bytesRead, bytesWritten] : [bytesWritten, bytesRead];
    const report = {
      ...{ opened: Number(this.#isNew), closed: Number(isClosed) },
      ...{ receivedBytes: received - this.#received, sentBytes: sent - this.#sent },
    };
    this.#isNew = false;
    this.#received = received;
    this.#sent = sent;
    return report;
  }
}
