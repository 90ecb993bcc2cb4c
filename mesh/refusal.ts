// What a reader of text answers when the text is not what it takes.

/** Why a value was not accepted; without `detail` what the reader takes, and the value, say enough. */
export class Refusal {
  /** A clause such as "expected each service once, got "a" twice". */
  readonly detail: string | undefined;

  constructor(detail?: string) {
    this.detail = detail;
  }
}

/** Never throws, and never trims, repairs or guesses. */
export type ValueReader<T> = (text: string) => T | Refusal;
