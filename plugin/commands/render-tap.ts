// Live requests as lines for people. Columns grow with what they have to hold, since nobody knows what will come.
import { escapeControls } from "../../mesh/printable.ts";
import { hasFailed } from "../observation/outcome.ts";
import type { TapEvent, TappedRequest } from "../tap/tap-event.ts";
import { GRPC_NAMES } from "../traces/grpc-names.ts";

const COLUMNS = ["TIME", "CALL", "METHOD", "PATH", "STATUS", "LATENCY", "REMARKS"] as const;
const GAP = "   ";
/** Characters that a column grows to at most; what is longer moves its line alone. */
const WIDEST = 48;
const RED = "\u001b[31m";
const YELLOW = "\u001b[33m";
const PLAIN = "\u001b[0m";

export interface TapTableOptions {
  readonly colours: boolean;
  /** Say which container's sidecar tells it. */
  readonly tellers: boolean;
}

export class TapTable {
  readonly #options: TapTableOptions;
  /** That of the usual times and statuses to begin with. */
  readonly #widths: number[] = [12, 24, 6, 24, 6, 8, 0];
  #begun = false;

  constructor(options: TapTableOptions) {
    this.#options = options;
  }

  /** The lines for the next event, under the header if it is the first. */
  add(event: TapEvent): string {
    const header = this.#begun ? "" : `${this.#line(COLUMNS)}\n`;
    this.#begun = true;
    if (!("reporter" in event))
      return `${header}(${event.dropped} more were not shown: too many)\n`;
    const { colours, tellers } = this.#options;
    const teller = tellers ? `told by ${event.container}` : "";
    const line = this.#line(cellsOf(event, teller).map(escapeControls));
    const colour = colours ? colourOf(event) : "";
    return `${header}${colour}${line}${colour === "" ? "" : PLAIN}\n`;
  }

  #line(cells: readonly string[]): string {
    return cells
      .map((cell, column) => {
        const width = [...cell].length;
        this.#widths[column] = Math.max(this.#widths[column] ?? 0, Math.min(width, WIDEST));
        return cell + " ".repeat(Math.max(0, (this.#widths[column] ?? 0) - width));
      })
      .join(GAP)
      .trimEnd();
  }
}

function cellsOf(request: TappedRequest, teller: string): readonly string[] {
  const { startedAt, method, path, milliseconds, source, address, destination } = request;
  return [
    new Date(startedAt).toISOString().slice(11, 23),
    `${source || (address ?? "outside")} → ${destination}`,
    method || "-",
    path || "-",
    statusOf(request),
    milliseconds < 1_000 ? `${milliseconds.toFixed(1)}ms` : `${(milliseconds / 1_000).toFixed(2)}s`,
    [...remarksOn(request), teller].filter((remark) => remark !== "").join("; "),
  ];
}

function statusOf({ status, grpcStatus }: TappedRequest): string {
  if (grpcStatus) return GRPC_NAMES[Number(grpcStatus)] ?? grpcStatus;
  return status === 0 ? "-" : String(status);
}

function remarksOn({ status, failure, reason, tries }: TappedRequest): readonly string[] {
  const outcomes = tries.map(({ outcome }) => outcome).join(", ");
  const why = [failure, reason].filter((text) => text !== undefined && text !== "").join(": ");
  return [
    why,
    status === 0 && why === "" ? "the caller went away" : "",
    tries.length === 0 ? "" : `${tries.length + 1} tries, after ${outcomes}`,
  ];
}

function colourOf(request: TappedRequest): string {
  if (hasFailed(request)) return RED;
  return request.status >= 400 ? YELLOW : "";
}
