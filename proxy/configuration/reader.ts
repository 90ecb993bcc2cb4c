// Reading fields out of JSON of unknown shape, with errors that name the place: `snapshot.inbound[0].tlsPort: …`.
import { MeshError } from "../../mesh/errors.ts";

/** One JSON object and its place in the document. Every method throws CONFIGURATION_INVALID. */
export class Reader {
  /** What is read. */
  readonly source: object;
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #place: string;

  private constructor(value: unknown, place: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw invalid(place, "an object", value);
    }
    this.source = value;
    this.#fields = new Map(Object.entries(value));
    this.#place = place;
  }

  static parse(json: string): Reader {
    try {
      return Reader.of(JSON.parse(json));
    } catch (cause) {
      if (cause instanceof MeshError) throw cause;
      throw new MeshError("CONFIGURATION_INVALID", "snapshot: expected JSON", { cause });
    }
  }

  /** Of what JSON gave. */
  static of(value: unknown): Reader {
    return new Reader(value, "snapshot");
  }

  has(name: string): boolean {
    return this.#fields.get(name) !== undefined;
  }

  object(name: string): Reader {
    return new Reader(this.#fields.get(name), `${this.#place}.${name}`);
  }

  list(name: string): Reader[] {
    return this.#array(name).map(
      (item, index) => new Reader(item, `${this.#place}.${name}[${index}]`),
    );
  }

  text(name: string): string {
    const value = this.#fields.get(name);
    if (typeof value !== "string" || value === "") throw this.invalid(name, "a text", value);
    return value;
  }

  matching(name: string, pattern: RegExp): string {
    const value = this.text(name);
    if (!pattern.test(value)) throw this.invalid(name, `a text like ${pattern.source}`, value);
    return value;
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.#fields.get(name);
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw this.invalid(name, `one of ${choices.join(", ")}`, value);
    return choice;
  }

  texts(name: string): readonly string[] {
    return this.#array(name).map((item) => {
      if (typeof item !== "string" || item === "") throw this.invalid(name, "texts", item);
      return item;
    });
  }

  /** A text that may be empty. */
  any(name: string): string {
    const value = this.#fields.get(name);
    if (typeof value !== "string") throw this.invalid(name, "a text", value);
    return value;
  }

  /** Texts by name; none at all must be said too, since a policy that got lost would open doors. */
  record(name: string): Readonly<Record<string, string>> {
    const fields = this.object(name).#fields;
    for (const [field, value] of fields) {
      if (typeof value !== "string") throw this.invalid(`${name}.${field}`, "a text", value);
    }
    return Object.fromEntries(fields) as Record<string, string>;
  }

  number(name: string): number {
    const value = this.#fields.get(name);
    if (typeof value !== "number") throw this.invalid(name, "a number", value);
    return value;
  }

  port(name: string): number {
    const value = this.#fields.get(name);
    if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > 65_535) {
      throw this.invalid(name, "a port from 1 to 65535", value);
    }
    return value;
  }

  boolean(name: string): boolean {
    const value = this.#fields.get(name);
    if (typeof value !== "boolean") throw this.invalid(name, "true or false", value);
    return value;
  }

  /** The error for a field that is not what it should be. */
  invalid(name: string, expected: string, found: unknown): MeshError {
    return invalid(`${this.#place}.${name}`, expected, found);
  }

  #array(name: string): readonly unknown[] {
    const value = this.#fields.get(name);
    if (!Array.isArray(value)) throw this.invalid(name, "a list", value);
    return value;
  }
}

function invalid(place: string, expected: string, found: unknown): MeshError {
  const shown = found === undefined ? "nothing" : JSON.stringify(found).slice(0, 100);
  return new MeshError("CONFIGURATION_INVALID", `${place}: expected ${expected}, found ${shown}`);
}
