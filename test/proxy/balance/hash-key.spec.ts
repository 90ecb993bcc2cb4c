// What of a request decides where hashing algorithms send it.
import assert from "node:assert/strict";
import type { BalancePolicy, HashSource } from "../../../mesh/policy/policy.ts";
import { DEFAULT_POLICY } from "../../../mesh/policy/read-policy.ts";
import { hashKey, streamKey } from "../../../proxy/balance/hash-key.ts";
import { hashBytes, hashText, mix } from "../../../proxy/balance/hash32.ts";
import { requestHead } from "../http1/heads.ts";

const NEVER = (): number => {
  throw new Error("a random key was not expected");
};

function keyOf(source: HashSource, ...lines: readonly string[]): number {
  return hashKey(source, requestHead(...lines, "host: orders"), "shop-web", NEVER);
}

const HEADER: HashSource = { kind: "header", name: "x-user" };
const COOKIE: HashSource = { kind: "cookie", name: "session" };
const QUERY: HashSource = { kind: "query", name: "user" };

describe("the key of a request", () => {
  const expected = hashText("ann");
  for (const [name, source, ...lines] of [
    ["a header", HEADER, "GET / HTTP/1.1", "x-user: ann"],
    ["a header in another case", HEADER, "GET / HTTP/1.1", "X-USER: ann"],
    ["the first of a repeated header", HEADER, "GET / HTTP/1.1", "x-user: ann", "x-user: bob"],
    ["a cookie", COOKIE, "GET / HTTP/1.1", "cookie: session=ann"],
    ["a cookie among others", COOKIE, "GET / HTTP/1.1", "cookie: a=b; session=ann; session=x"],
    ["a cookie without blanks", COOKIE, "GET / HTTP/1.1", "cookie: a;b=;session=ann ;c"],
    ["a cookie of a second field", COOKIE, "GET / HTTP/1.1", "cookie: a=b", "cookie: session=ann"],
    ["a parameter", QUERY, "GET /?user=ann HTTP/1.1"],
    ["a parameter among others", QUERY, "GET /a?x=1&user=ann&user=bob HTTP/1.1"],
    ["a parameter of an absolute target", QUERY, "GET http://orders/?user=ann HTTP/1.1"],
  ] as const) {
    it(`is that of ${name}`, () => {
      assert.equal(keyOf(source, ...lines), expected);
    });
  }

  it("is that of the caller", () => {
    assert.equal(keyOf({ kind: "source" }, "GET / HTTP/1.1"), hashText("shop-web"));
  });

  for (const [name, source, ...lines] of [
    ["a header", HEADER, "GET / HTTP/1.1"],
    ["a header with a value", HEADER, "GET / HTTP/1.1", "x-user:"],
    ["a header of just that name", HEADER, "GET / HTTP/1.1", "x-user2: ann"],
    ["a cookie", COOKIE, "GET / HTTP/1.1", "cookie: Session=ann; mysession=b; session"],
    ["a parameter", QUERY, "GET /user=ann HTTP/1.1"],
    ["a parameter of just that name", QUERY, "GET /?users=ann&User=bob&user HTTP/1.1"],
    ["a query that has any", QUERY, "GET /? HTTP/1.1"],
  ] as const) {
    it(`is random for a request without ${name}`, () => {
      const head = requestHead(...lines, "host: orders", "referer: /?user=ann");
      assert.equal(
        hashKey(source, head, "shop-web", () => 0.5),
        2 ** 31,
      );
    });
  }

  it("is random for a caller without name", () => {
    const head = requestHead("GET / HTTP/1.1", "host: orders");
    assert.equal(
      hashKey({ kind: "source" }, head, "", () => 0.25),
      2 ** 30,
    );
  });
});

describe("the hash", () => {
  it("is the same for a text and its bytes, and a whole number of 32 bits", () => {
    for (const text of ["", "a", "orders-1", "x".repeat(1_000)]) {
      const bytes = Buffer.from(`<${text}>`);
      assert.equal(hashBytes(bytes, 1, bytes.length - 1), hashText(text));
      assert.ok(
        Number.isInteger(hashText(text)) && hashText(text) >= 0 && hashText(text) < 2 ** 32,
      );
    }
  });

  it("spreads names that differ in their last digit over all bits", () => {
    const hashes = Array.from({ length: 4_096 }, (_, index) => hashText(`user-${index}`));
    assert.ok(new Set(hashes).size > 4_090);
    for (const shift of [0, 8, 16, 28]) {
      const buckets = Array.from(
        { length: 16 },
        (_, bucket) => hashes.filter((hash) => ((hash >>> shift) & 15) === bucket).length,
      );
      // 37.7 is exceeded by chance once in a thousand, with 15 degrees of freedom.
      const chiSquare = buckets.reduce((sum, count) => sum + (count - 256) ** 2 / 256, 0);
      assert.ok(chiSquare < 37.7, `bits ${shift}: ${chiSquare}`);
    }
  });

  it("changes half of its bits with each bit of its input", () => {
    for (let bit = 0; bit < 32; bit += 1) {
      let changed = 0;
      for (let value = 0; value < 256; value += 1) {
        let difference = mix(value * 7_919) ^ mix((value * 7_919) ^ (1 << bit));
        for (; difference !== 0; difference &= difference - 1) changed += 1;
      }
      assert.ok(Math.abs(changed / 256 - 16) < 1.5, `bit ${bit}: ${changed / 256}`);
    }
  });
});

describe("the key of a byte stream", () => {
  const balance = (parts: Partial<BalancePolicy>): BalancePolicy => ({
    ...DEFAULT_POLICY.balance,
    ...parts,
  });

  it("is that of its caller, where the caller is what is hashed", () => {
    const hashing = balance({ algorithm: "maglev", hashOn: { kind: "source" } });
    assert.equal(streamKey(hashing, "shop-web", NEVER), hashText("shop-web"));
  });

  it("is another one each time where requests are hashed by what a stream does not have", () => {
    const hashing = balance({ algorithm: "ring-hash", hashOn: HEADER });
    assert.equal(
      streamKey(hashing, "shop-web", () => 0.25),
      2 ** 30,
    );
  });

  it("is none where nothing is chosen by keys", () => {
    assert.equal(streamKey(balance({ algorithm: "random" }), "shop-web", NEVER), 0);
  });
});
