// Properties of the engine over inputs that nobody wrote down. In short by default and always the same;
// MESH_FUZZ_SECONDS=60 searches that long per property, from a new beginning each time.
import assert from "node:assert/strict";
import { METHODS } from "node:http";
import fc from "fast-check";
import { describe, it } from "mocha";
import { type Http1Case, loadCases, toBytes } from "../../helpers/http1-cases.ts";
import { RequestDriver, ResponseDriver } from "../../helpers/http1-driver.ts";
import { type Message, readRequests, readResponses } from "../../helpers/http1-messages.ts";
import { readRequestsWithNode } from "../../helpers/node-http-reader.ts";
import { cutAt, damaged, places, request } from "./arbitraries.ts";

const SECONDS = Number(process.env["MESH_FUZZ_SECONDS"] ?? 0);
/** Larger cases make a search slow and find nothing more. */
const LARGEST = 2_000;

function options(runs: number): fc.Parameters<unknown> {
  if (SECONDS === 0) return { seed: 20_260_401, numRuns: runs };
  return { interruptAfterTimeLimit: SECONDS * 1_000, numRuns: Number.POSITIVE_INFINITY };
}

/** Cases of the corpus to be damaged; more good ones than bad, since most damage makes bad ones of good ones. */
function inputs(side: Http1Case["side"]): readonly Buffer[] {
  const cases = loadCases().filter((one) => one.side === side);
  const good = cases.filter(({ verdict }) => verdict === "forward");
  return [...cases, ...good, ...good, ...good, ...good, ...good, ...good]
    .map(({ bytes }) => toBytes(bytes))
    .filter(({ length }) => length <= LARGEST);
}

interface Outcome {
  readonly reason: string | undefined;
  readonly messages: readonly Message[];
  readonly rest: string;
  readonly atEnd: boolean;
  readonly output: Buffer;
}

function outcome(driver: RequestDriver | ResponseDriver, pieces: readonly Buffer[]): Outcome {
  for (const piece of pieces) driver.feed(piece);
  const { output, violation, atEnd } = driver;
  const { messages } =
    driver instanceof RequestDriver
      ? readRequests(output)
      : readResponses(output, ["GET", "HEAD"], violation === undefined && atEnd);
  // How much of a refused message has arrived means nothing.
  const rest = violation === undefined ? driver.rest.toString("latin1") : "";
  return { reason: violation?.reason, messages, rest, atEnd, output };
}

function passRequests(...pieces: readonly Buffer[]): Outcome {
  return outcome(new RequestDriver(), pieces);
}

function passResponses(...pieces: readonly Buffer[]): Outcome {
  return outcome(new ResponseDriver(["GET", "HEAD"]), pieces);
}

/** What must not depend on how the bytes arrive. */
function lasting({ reason, messages, rest, atEnd }: Outcome): object {
  return { reason, messages, rest, atEnd: reason === undefined && atEnd };
}

/** How requests differ that mean the same: names in any case, order among lines of one name alone. */
function plain({ line, fields, body, trailers }: Message): object {
  const sorted = fields.map(([name, value]) => [name, value] as const);
  sorted.sort(([one], [other]) => Number(one > other) - Number(one < other));
  return { line, fields: sorted, body, trailers };
}

describe("the HTTP/1.1 engine, whatever comes", function () {
  this.timeout(20_000 + SECONDS * 2_000);

  const requests = inputs("request");
  const responses = inputs("response");

  it("passes on every well-formed request as it was meant", () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), places, (samples, cuts) => {
        const bytes = Buffer.concat(samples.map((sample) => sample.bytes));
        const { reason, messages, rest, atEnd } = passRequests(...cutAt(bytes, cuts));
        assert.equal(reason, undefined);
        assert.deepEqual(
          messages.map(plain),
          samples.map(({ message }) => plain(message)),
        );
        assert.deepEqual([rest, atEnd], ["", true]);
      }),
      options(500),
    );
  });

  it("judges damaged requests alike however they arrive", () => {
    fc.assert(
      fc.property(damaged(requests), places, (bytes, cuts) => {
        const whole = passRequests(Buffer.from(bytes));
        assert.deepEqual(lasting(passRequests(...cutAt(bytes, cuts))), lasting(whole));
      }),
      options(2_000),
    );
  });

  it("judges damaged responses alike however they arrive", () => {
    fc.assert(
      fc.property(damaged(responses), places, (bytes, cuts) => {
        const whole = passResponses(Buffer.from(bytes));
        assert.deepEqual(lasting(passResponses(...cutAt(bytes, cuts))), lasting(whole));
      }),
      options(1_000),
    );
  });

  it("accepts what it wrote, and writes the same again", () => {
    fc.assert(
      fc.property(damaged(requests), (bytes) => {
        const { output, messages } = passRequests(bytes);
        const again = passRequests(output);
        assert.equal(again.reason, undefined);
        assert.deepEqual(again.messages.map(plain), messages.map(plain));
      }),
      options(1_000),
    );
  });

  it("accepts the responses that it wrote, and writes the same again", () => {
    fc.assert(
      fc.property(damaged(responses), (bytes) => {
        const { output, messages } = passResponses(bytes);
        const again = passResponses(output);
        assert.equal(again.reason, undefined);
        assert.deepEqual(again.messages.map(plain), messages.map(plain));
      }),
      options(1_000),
    );
  });

  it("never passes on what Node's own parser reads in another way", async () => {
    await fc.assert(
      fc.asyncProperty(damaged(requests), async (bytes) => {
        const { output, messages } = passRequests(bytes);
        const known = messages.findIndex(({ line }) => !METHODS.includes(line.split(" ")[0] ?? ""));
        const readable = known < 0 ? messages : messages.slice(0, known);
        const node = await readRequestsWithNode(output);
        if (known < 0 && messages.length > 0 && node.messages.length === 0)
          assert.equal(node.error, undefined);
        assert.deepEqual(node.messages.map(plain), readable.map(plain));
      }),
      options(300),
    );
  });
});
