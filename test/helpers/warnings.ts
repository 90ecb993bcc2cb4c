// What the code under test reports as a defect of its own, kept off the test's output.

export interface MutedWarnings extends Disposable {
  /** The messages so far. */
  readonly seen: readonly string[];
}

/** Until it is disposed of, warnings are kept instead of printed. */
export function muteWarnings(): MutedWarnings {
  const { emitWarning } = process;
  const seen: string[] = [];
  process.emitWarning = (warning: string | Error) => {
    seen.push(typeof warning === "string" ? warning : warning.message);
  };
  return {
    seen,
    [Symbol.dispose]: () => {
      process.emitWarning = emitWarning;
    },
  };
}
