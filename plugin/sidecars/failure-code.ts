/** Whether this may be the code of a failure, also of one that this agent does not know: its sidecar may be newer. */
export function isFailureCode(value: unknown): boolean {
  return typeof value === "string" && /^[A-Z][A-Z0-9_]{0,39}$/.test(value);
}
