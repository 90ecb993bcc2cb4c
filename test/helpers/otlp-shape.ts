// OTLP's ExportTraceServiceRequest in its JSON, as opentelemetry-proto 1.x has it (collector/trace/v1, trace/v1, common/v1, resource/v1):
// fields in lowerCamelCase, ids in hexadecimal digits, integers of 64 bits as text, enums as numbers. Stricter than collectors are: a
// field that is not known is an error here, and so is one that no span of ours may lack.
import assert from "node:assert/strict";

/** Throws an AssertionError that names the place. */
type Check = (value: unknown, place: string) => void;

interface Field {
  readonly check: Check;
  readonly required?: true;
}

export interface ReceivedAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly ReceivedAttribute[];
  readonly events?: readonly {
    readonly name: string;
    readonly attributes: readonly ReceivedAttribute[];
  }[];
  readonly status?: { readonly code: number; readonly message?: string };
}

export interface ReceivedRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly ReceivedAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly ReceivedSpan[] }[];
  }[];
}

const text: Check = (value, place) => {
  assert.equal(typeof value, "string", `${place}: expected a text`);
  assert.ok((value as string).isWellFormed(), `${place}: expected Unicode`);
};
const filled: Check = (value, place) => {
  text(value, place);
  assert.notEqual(value, "", `${place}: expected a text that is not empty`);
};
const bool: Check = (value, place) =>
  assert.equal(typeof value, "boolean", `${place}: expected a bool`);
const double: Check = (value, place) =>
  assert.ok(Number.isFinite(value), `${place}: expected a double`);

function matching(pattern: RegExp, most: bigint): Check {
  return (value, place) => {
    assert.ok(
      typeof value === "string" && pattern.test(value),
      `${place}: expected an integer of 64 bits as text`,
    );
    assert.ok(BigInt(value) <= most, `${place}: expected 64 bits`);
  };
}

const uint64 = matching(/^(?:0|[1-9]\d*)$/, 2n ** 64n - 1n);
const int64 = matching(/^(?:0|-?[1-9]\d*)$/, 2n ** 63n - 1n);

const uint32: Check = (value, place) => {
  assert.ok(
    Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32,
    `${place}: expected 32 bits`,
  );
};

function hex(digits: number): Check {
  return (value, place) => {
    assert.match(
      String(value),
      new RegExp(`^[0-9a-f]{${digits}}$`, "i"),
      `${place}: expected an id`,
    );
    assert.match(String(value), /[^0]/, `${place}: expected an id that is not zero`);
  };
}

function oneOf(...numbers: readonly number[]): Check {
  return (value, place) =>
    assert.ok(numbers.includes(value as number), `${place}: expected an enum's number`);
}

function list(check: Check): Check {
  return (value, place) => {
    assert.ok(Array.isArray(value), `${place}: expected a list`);
    for (const [index, each] of value.entries()) check(each, `${place}[${index}]`);
  };
}

function message(fields: Readonly<Record<string, Field>>): Check {
  return (value, place) => {
    assert.ok(
      typeof value === "object" && value !== null && !Array.isArray(value),
      `${place}: expected an object`,
    );
    for (const [name, each] of Object.entries(value)) {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      assert.ok(field !== undefined, `${place}: expected no field ${name}`);
      field.check(each, `${place}.${name}`);
    }
    for (const [name, { required }] of Object.entries(fields))
      if (required) assert.ok(Object.hasOwn(value, name), `${place}: expected ${name}`);
  };
}

const must = (check: Check): Field => ({ check, required: true });
const may = (check: Check): Field => ({ check });

const anyValue: Check = (value, place) => {
  assert.equal(Object.keys(value as object).length, 1, `${place}: expected one value`);
  message({
    stringValue: may(text),
    boolValue: may(bool),
    intValue: may(int64),
    doubleValue: may(double),
    arrayValue: may(message({ values: must(list((each, where) => anyValue(each, where))) })),
  })(value, place);
};

const attributes: Check = (value, place) => {
  list(message({ key: must(filled), value: must(anyValue) }))(value, place);
  const keys = (value as readonly ReceivedAttribute[]).map(({ key }) => key);
  assert.deepEqual([...new Set(keys)], keys, `${place}: expected each key once`);
};

const scope = message({
  name: must(filled),
  version: may(text),
  attributes: may(attributes),
  droppedAttributesCount: may(uint32),
});
const event = message({
  timeUnixNano: must(uint64),
  name: must(filled),
  attributes: may(attributes),
  droppedAttributesCount: may(uint32),
});
const link = message({
  traceId: must(hex(32)),
  spanId: must(hex(16)),
  traceState: may(text),
  attributes: may(attributes),
  droppedAttributesCount: may(uint32),
  flags: may(uint32),
});

const span = message({
  traceId: must(hex(32)),
  spanId: must(hex(16)),
  traceState: may(text),
  parentSpanId: may(hex(16)),
  flags: may(uint32),
  name: must(filled),
  kind: must(oneOf(1, 2, 3, 4, 5)),
  startTimeUnixNano: must(uint64),
  endTimeUnixNano: must(uint64),
  attributes: may(attributes),
  droppedAttributesCount: may(uint32),
  events: may(list(event)),
  droppedEventsCount: may(uint32),
  links: may(list(link)),
  droppedLinksCount: may(uint32),
  status: may(message({ message: may(text), code: must(oneOf(0, 1, 2)) })),
});

const timely: Check = (value, place) => {
  span(value, place);
  const { startTimeUnixNano, endTimeUnixNano } = value as ReceivedSpan;
  assert.ok(
    BigInt(startTimeUnixNano) <= BigInt(endTimeUnixNano),
    `${place}: expected an end after its start`,
  );
};

const resource = message({ attributes: must(attributes), droppedAttributesCount: may(uint32) });
const scopeSpans = message({ scope: must(scope), spans: must(list(timely)), schemaUrl: may(text) });
const request = message({
  resourceSpans: must(
    list(
      message({
        resource: must(resource),
        scopeSpans: must(list(scopeSpans)),
        schemaUrl: may(text),
      }),
    ),
  ),
});

/** Throws an AssertionError for a body that is no such request. */
export function parseTraceRequest(body: string): ReceivedRequest {
  const value: unknown = JSON.parse(body);
  request(value, "request");
  return value as ReceivedRequest;
}
