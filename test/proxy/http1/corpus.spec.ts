// Every case of the corpus through the engine, in every segmentation: whole, byte by byte, and cut in two at every place.
// Judged by what comes out on the other side, which a reader that shares no code with the engine takes apart.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  type ExpectedMessage,
  type Http1Case,
  loadCases,
  toBytes,
} from "../../helpers/http1-cases.ts";
import { DEFAULT_HOST, RequestDriver, ResponseDriver } from "../../helpers/http1-driver.ts";
import { type Message, readRequests, readResponses } from "../../helpers/http1-messages.ts";

/** Longer input is not cut at every place but at this many. */
const CUTS = 150;
/** Longer input does not come byte by byte but in pieces of an odd size. */
const LONGEST_BY_BYTE = 2_000;
const PIECE = 997;

type Plain = ReturnType<typeof plain>;

/** What counts about a message: the order of fields does so among those of one name alone. */
function plain(message: Message): object {
  const fields = new Map<string, string[]>();
  for (const [name, value] of message.fields)
    fields.set(name, [...(fields.get(name) ?? []), value]);
  const { line, body, trailers } = message;
  return { line, fields: [...fields].sort(), body, trailers };
}

function expected(message: ExpectedMessage): Plain {
  const split = (line: string): readonly [string, string] => {
    const colon = line.indexOf(":");
    return [
      line.slice(0, colon).toLowerCase(),
      line.slice(colon + 2).replace("{host}", DEFAULT_HOST),
    ];
  };
  return plain({
    line: message.line,
    fields: message.fields.map(split),
    body: toBytes(message.body ?? "").toString("latin1"),
    trailers: (message.trailers ?? []).map(split),
  });
}

function run(wanted: Http1Case, pieces: readonly Buffer[]): void {
  const methods = [wanted.method ?? "GET"];
  const driver = wanted.side === "request" ? new RequestDriver() : new ResponseDriver(methods);
  for (const piece of pieces) driver.feed(piece);
  const { violation } = driver;
  const forwards = wanted.verdict === "forward";
  const { messages, rest } =
    wanted.side === "request"
      ? readRequests(driver.output)
      : readResponses(driver.output, methods, forwards);
  if (wanted.verdict === "refuse") {
    assert.notEqual(violation, undefined, "accepted");
    if (wanted.side === "request")
      assert.equal(violation?.status, wanted.status, violation?.reason);
  } else {
    assert.equal(violation, undefined, `refused: ${violation?.reason}`);
    assert.equal(driver.atEnd, forwards, forwards ? "more is waited for" : "taken as complete");
  }
  assert.deepEqual(messages.map(plain), (wanted.messages ?? []).map(expected));
  if (!forwards) return;
  assert.equal(rest, "");
  assert.equal(driver.rest.toString("latin1"), wanted.rest ?? "");
}

function inPieces(bytes: Buffer, size: number): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

function cuts(length: number): readonly number[] {
  const step = Math.max(1, Math.floor(length / CUTS));
  return Array.from({ length: Math.floor((length - 1) / step) }, (_, index) => (index + 1) * step);
}

describe("the corpus of HTTP/1.1 messages", () => {
  const cases = loadCases();

  it("holds cases for each hazard of parsing, with a rule each and no name twice", () => {
    assert.ok(cases.length >= 200);
    assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
    for (const { name, section } of cases)
      assert.match(section, /^(hazard \d+|(9110|9112) §[\d.]+)$/, name);
  });

  for (const wanted of cases) {
    it(`${wanted.verdict}: ${wanted.name} (${wanted.section})`, () => {
      const bytes = toBytes(wanted.bytes);
      run(wanted, [bytes]);
      run(wanted, inPieces(bytes, bytes.length > LONGEST_BY_BYTE ? PIECE : 1));
      for (const cut of cuts(bytes.length))
        run(wanted, [bytes.subarray(0, cut), bytes.subarray(cut)]);
    });
  }
});
