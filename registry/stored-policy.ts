// A stored policy as text and back, the same wherever it is kept. What comes back may have been edited by hand or be half
// of what it was: it is taken whole or not at all.
import { FORMAT, refuseNewerFormat } from "../mesh/format.ts";
import type { PolicyDocument } from "../mesh/policy/document.ts";
import type { StoredPolicy } from "./policy-store.ts";

/** Nobody gets there by writing; one made up beyond it would leave no number for the next. */
const MAX_VERSION = 999_999_999_999;

/** What is kept of a policy, and how; not for which service, which not every place has to be told. */
export function formatPolicy({ version, document, writtenAt, note }: StoredPolicy): object {
  return { format: FORMAT, version, document, writtenAt, note };
}

/** The policy in the text; throws an Error that says what was expected and what was found. */
export function parseStoredPolicy(service: string, text: string): StoredPolicy {
  return toStoredPolicy(service, JSON.parse(text));
}

/** The policy in parsed JSON; throws an Error that says what was expected and what was found, and as `refuseNewerFormat` does. */
export function toStoredPolicy(service: string, value: unknown): StoredPolicy {
  if (!isObject(value)) throw expected("an object", value);
  refuseNewerFormat(value);
  const { version, document, writtenAt, note } = value;
  if (!isVersion(version)) throw expected(`a version from 1 to ${MAX_VERSION}`, version);
  if (typeof writtenAt !== "number") throw expected("writtenAt in milliseconds", writtenAt);
  if (typeof note !== "string") throw expected("a note", note);
  if (!isDocument(document)) throw expected("a document of names and texts", document);
  return { service, version, document, writtenAt, note };
}

function isVersion(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= MAX_VERSION;
}

/** Names and texts alone; not whether they mean anything. */
export function isDocument(value: unknown): value is PolicyDocument {
  return isObject(value) && Object.values(value).every((text) => typeof text === "string");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function expected(what: string, found: unknown): Error {
  const text = found === undefined ? "nothing" : JSON.stringify(found);
  return new Error(`expected ${what}, got ${text.slice(0, 100)}`);
}
