// What the agent refused, with each reason on a line of its own.
import { type ErrorCode, MeshError } from "../../mesh/errors.ts";

export class Refused extends MeshError {
  /** What is printed; the first says what was refused, the others why. */
  readonly lines: readonly string[];

  constructor(code: ErrorCode, lines: readonly string[]) {
    super(code, lines.join("; "));
    this.lines = lines;
  }
}
