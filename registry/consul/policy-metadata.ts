// A policy document in a service's metadata: its JSON cut into as many values as it takes. Pure.
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import { isDocument } from "../stored-policy.ts";

type Pair = readonly [key: string, value: string];

/** Of most instances. */
const NO_POLICY: PolicyDocument = {};

/** No pairs for the empty document; `longest` is in bytes. */
export function formatPolicy(document: PolicyDocument, longest: number): readonly Pair[] {
  const sorted = Object.entries(document).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (sorted.length === 0) return [];
  const text = JSON.stringify(Object.fromEntries(sorted));
  return cut(text, longest).map((value, index) => [keyOf(index + 1), value] as const);
}

/** The empty document for pairs that make no document: a copy counts without its policy too. */
export function parsePolicy(meta: Readonly<Record<string, string>>): PolicyDocument {
  if (meta[keyOf(1)] === undefined) return NO_POLICY;
  let text = "";
  for (let number = 1; meta[keyOf(number)] !== undefined; number += 1) text += meta[keyOf(number)];
  try {
    const document: unknown = JSON.parse(text);
    return isDocument(document) ? document : NO_POLICY;
  } catch {
    return NO_POLICY;
  }
}

function keyOf(number: number): string {
  return `mesh-policy-${number}`;
}

/** Pieces of at most so many bytes of UTF-8, each of whole characters. */
function cut(text: string, longest: number): readonly string[] {
  const pieces: string[] = [];
  let piece = "";
  let bytes = 0;
  for (const character of text) {
    const size = Buffer.byteLength(character);
    if (bytes + size > longest) {
      pieces.push(piece);
      piece = "";
      bytes = 0;
    }
    piece += character;
    bytes += size;
  }
  return [...pieces, piece];
}
