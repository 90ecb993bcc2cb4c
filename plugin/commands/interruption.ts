// Why a command ends before it is done, as its user wants it: nothing is said then.

/** The reason of an aborted signal. */
export class Interruption extends Error {
  /** As a shell gives it for a program that a signal ended: 128 and the signal's number. */
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.name = "Interruption";
    this.exitCode = exitCode;
  }
}
