// Attributes and values as OTLP's JSON writes them (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): integers of
// 64 bits as text.

export interface Attribute {
  readonly key: string;
  readonly value:
    | { readonly stringValue: string }
    | { readonly intValue: string }
    | { readonly boolValue: boolean };
}

/** Undefined and "" are no values. */
export function attributes(
  values: Readonly<Record<string, string | number | boolean | undefined>>,
): Attribute[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined || value === "" ? [] : [{ key, value: toValue(value) }],
  );
}

function toValue(value: string | number | boolean): Attribute["value"] {
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return { intValue: String(Math.round(value)) };
  return { stringValue: wellFormed(value) };
}

/** A collector refuses all that comes with a text that is no Unicode, and sidecars of others have no say in that. */
export function wellFormed(text: string): string {
  return text.toWellFormed();
}

/** Of milliseconds, with as much of their fraction as there is. */
export function nanoseconds(milliseconds: number): bigint {
  const whole = Math.floor(milliseconds);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((milliseconds - whole) * 1e6));
}
