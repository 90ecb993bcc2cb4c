// Requests between the same two workloads that ended alike, since the last report.
import { Distribution } from "../configuration/distribution.ts";
import type { RequestsReport } from "../configuration/traffic-report.ts";

/** How requests ended. */
export type Outcome = Pick<RequestsReport, "status" | "failure" | "grpcStatus">;

export class Series {
  readonly #outcome: Outcome;
  readonly #durations = new Distribution();
  readonly #requestBytes = new Distribution();
  readonly #responseBytes = new Distribution();

  constructor({ status, failure, grpcStatus }: Outcome) {
    this.#outcome = { status, failure, grpcStatus };
  }

  record(milliseconds: number, requestBytes: number, responseBytes: number): void {
    this.#durations.record(milliseconds);
    this.#requestBytes.record(requestBytes);
    this.#responseBytes.record(responseBytes);
  }

  add(report: RequestsReport): void {
    this.#durations.add(report.durations);
    this.#requestBytes.add(report.requestBytes);
    this.#responseBytes.add(report.responseBytes);
  }

  read(): RequestsReport {
    return {
      ...this.#outcome,
      durations: this.#durations.read(),
      requestBytes: this.#requestBytes.read(),
      responseBytes: this.#responseBytes.read(),
    };
  }
}
