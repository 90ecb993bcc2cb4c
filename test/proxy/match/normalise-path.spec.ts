// Paths as they are compared, and those about which nothing is said because applications read them differently.
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { normalisePath } from "../../../proxy/match/normalise-path.ts";

const NORMAL: readonly (readonly [sent: string, compared: string, why: string])[] = [
  ["/", "/", "the root"],
  ["/orders/7", "/orders/7", "a usual path"],
  ["/orders/", "/orders/", "a slash at the end"],
  ["/Orders", "/Orders", "capital letters"],
  ["/a.b/c-d_e~f", "/a.b/c-d_e~f", "unreserved characters"],
  ["/a!$&'()*+,=:@", "/a!$&'()*+,=:@", "characters that mean themselves"],
  ["/.well-known/x", "/.well-known/x", "a name that begins with a dot"],
  ["/a/...", "/a/...", "three dots"],
  ["/%61dmin", "/admin", "a letter in disguise"],
  ["/%41", "/A", "a capital in disguise"],
  ["/a%21", "/a!", "an escape that is not needed"],
  ["/%7euser", "/~user", "a tilde as old clients send it"],
  ["/caf%c3%a9", "/caf%C3%A9", "UTF-8"],
  ["/a%20b", "/a%20b", "a space"],
  ["/a|b", "/a%7Cb", "a character that should have been escaped"],
  ["/a%0ab", "/a%0Ab", "a line feed, which stays escaped"],
  ["/100%25", "/100%25", "a percent sign"],
  ["/100%25%20off", "/100%25%20off", "a percent sign before another escape"],
  ["/100%25off", "/100%25off", "a percent sign that begins no escape"],
  ["/a//b///c", "/a/b/c", "slashes in a row"],
  ["/a//", "/a/", "slashes at the end"],
  ["/./a", "/a", "a dot"],
  ["/a/.", "/a/", "a dot at the end"],
  ["/a/%2E/b", "/a/b", "an escaped dot"],
  ["/public/../admin", "/admin", "two dots"],
  ["/public/%2e%2e/admin", "/admin", "two escaped dots"],
  ["/public/.%2E/admin", "/admin", "one dot escaped of two"],
  ["/a/b/..", "/a/", "two dots at the end"],
  ["/a/..", "/", "two dots that end at the root"],
];

const DISPUTED: readonly (readonly [sent: string, why: string])[] = [
  ["", "nothing"],
  ["*", "the server as a whole"],
  ["admin", "no slash at the beginning"],
  ["http://a/", "a whole address"],
  ["//admin", "what some take for a host"],
  ["///admin", "more slashes at the beginning"],
  ["//", "two slashes alone"],
  ["/a%2fb", "an escaped slash"],
  ["/a%2Fb", "an escaped slash with a capital"],
  ["/a%5cb", "an escaped backslash"],
  ["/a\\b", "a backslash"],
  ["/a%00", "an escaped NUL"],
  ["/a\0", "a NUL"],
  ["/admin;x=1", "a parameter"],
  ["/public/..;/admin", "dots with a parameter"],
  ["/admin%3bx", "an escaped semicolon"],
  ["/%", "a lone percent sign"],
  ["/%4", "half an escape"],
  ["/%zz", "no hexadecimal digits"],
  ["/%u002f", "an escape of another kind"],
  ["/%+1", "a sign for a digit"],
  ["/%c0%af", "a slash in two bytes"],
  ["/%e0%80%ae", "a dot in three bytes"],
  ["/%ff", "no UTF-8"],
  ["/%e9", "Latin-1"],
  ["/%252e%252e/admin", "dots that are escaped twice"],
  ["/a%252fb", "a slash that is escaped twice"],
  ["/a%25252fb", "a slash that is escaped three times"],
  ["/a%25%32%66b", "a slash whose second escape is escaped"],
  ["/a%255cb", "a backslash that is escaped twice"],
  ["/a%2500", "a NUL that is escaped twice"],
  ["/%2561dmin", "a letter that is escaped twice"],
  ["/caf%25c3%25a9", "a letter beyond ASCII that is escaped twice"],
  ["/..", "above the root"],
  ["/../admin", "above the root and down again"],
  ["/a/../../admin", "above the root after all"],
  ["/%2e%2e/admin", "above the root in disguise"],
  ["/public//../admin", "dots after an empty segment, which are read in two ways"],
];

const PIECES = ["/", "//", "a", "B", ".", "..", "%2e", "%2E", "%61", "%2f", "%", "%25", "25", "2e"];
const MORE_PIECES = ["2f", ";", "\\", "%00", "%c3%a9", "%c3", "~", "|", "%7c", "%3b", "?", "é"];

const paths: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...PIECES, ...MORE_PIECES), { maxLength: 12 })
  .map((pieces) => `/${pieces.join("")}`);

const RUNS = { seed: 20_260_715, numRuns: 3_000 };

describe("a path as it is compared", () => {
  for (const [sent, compared, why] of NORMAL)
    it(`${sent} is ${compared}: ${why}`, () => assert.equal(normalisePath(sent), compared));

  for (const [sent, why] of DISPUTED)
    it(`${JSON.stringify(sent)} is not judged: ${why}`, () =>
      assert.equal(normalisePath(sent), undefined));

  it("is itself when it is compared again", () => {
    fc.assert(
      fc.property(paths, (path) => {
        const normal = normalisePath(path);
        fc.pre(normal !== undefined);
        assert.equal(normalisePath(String(normal)), normal);
      }),
      RUNS,
    );
  });

  it("holds nothing that anybody could read in another way", () => {
    fc.assert(
      fc.property(paths, (path) => {
        const normal = normalisePath(path);
        fc.pre(normal !== undefined);
        const text = String(normal);
        assert.match(text, /^\/(?:[A-Za-z0-9._~!$&'()*+,=:@/-]|%[0-9A-F]{2})*$/);
        assert.doesNotMatch(text, /\/\/|\/\.\.?(?=\/|$)|%2F|%5C|%00|%3B|%2E/);
        // Decoded once or as often as it goes: the segments are the same in number, and none of them is dots.
        const decoded = decodeToTheEnd(text);
        assert.equal(decoded.split("/").length, text.split("/").length);
        assert.doesNotMatch(decoded, /\/\.\.?(?=\/|$)|\\|\0/);
      }),
      RUNS,
    );
  });

  it("is the same for who decodes it once or twice", () => {
    fc.assert(
      fc.property(paths, (path) => {
        const normal = normalisePath(path);
        fc.pre(normal !== undefined);
        const decoded = decodeURIComponent(String(normal));
        fc.pre(!/%(?![0-9A-F]{2})/i.test(decoded));
        assert.equal(decodeURIComponent(decoded), decoded);
      }),
      RUNS,
    );
  });

  it("is what a browser makes of it, wherever it is judged", () => {
    fc.assert(
      fc.property(paths, (path) => {
        const normal = normalisePath(path);
        fc.pre(normal !== undefined && !path.includes("?"));
        const { pathname } = new URL(`http://host${path}`);
        assert.equal(
          decodeURIComponent(pathname).replace(/\/+/g, "/"),
          decodeURIComponent(String(normal)),
        );
      }),
      RUNS,
    );
  });
});

function decodeToTheEnd(text: string): string {
  let decoded = text;
  for (let before = ""; before !== decoded && /%[0-9A-F]{2}/i.test(decoded); ) {
    before = decoded;
    try {
      decoded = decodeURIComponent(decoded);
    } catch {
      return decoded;
    }
  }
  return decoded;
}
