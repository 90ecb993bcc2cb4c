// Checks as lines for a terminal. Pure.
import { escapeControls } from "../../mesh/printable.ts";
import type { Check } from "../check/check.ts";

const SIGNS: Readonly<Record<Check["state"], string>> = { fine: "✓", warning: "!", failed: "✗" };

/** A line for each, what to do beneath those that are not fine, and how many there are at the end. */
export function renderChecks(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const indent = " ".repeat(width + 5);
  const lines = checks.flatMap(({ name, state, found, cure }) => [
    `${SIGNS[state]} ${name.padEnd(width)}   ${escapeControls(found)}`,
    ...(cure === "" ? [] : [`${indent}→ ${escapeControls(cure)}`]),
  ]);
  return `${[...lines, "", summary(checks)].join("\n")}\n`;
}

function summary(checks: readonly Check[]): string {
  const count = (state: Check["state"]): number =>
    checks.filter((check) => check.state === state).length;
  const [bad, doubtful] = [count("failed"), count("warning")];
  if (bad + doubtful === 0) return "All is well.";
  return [
    ...(bad === 0 ? [] : [`${bad} failed`]),
    ...(doubtful === 0 ? [] : [`${doubtful} to look at`]),
    `${count("fine")} fine.`,
  ].join(", ");
}
