/** What the launcher does not do for anybody; the message says why. */
export class Refusal extends Error {
  /** The HTTP status that says so. */
  readonly status: number;

  constructor(message: string, status = 403) {
    super(message);
    this.name = "Refusal";
    this.status = status;
  }
}
