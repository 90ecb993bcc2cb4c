import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "mocha";
import { consulUiPolicy } from "../../../plugin/console/consul-ui-policy.ts";

const hash = (script: string): string =>
  `'sha256-${createHash("sha256").update(script).digest("base64")}'`;

describe("what Consul's UI may run", () => {
  for (const [what, page, scripts] of [
    ["its files", '<script src="/ui/a.js"></script>', []],
    ["a script in its page", "<script>one()</script>", ["one()"]],
    ["one with an attribute", '<script type="module">\n one()\n</script >', ["\n one()\n"]],
    ["each once", "<script>a</script><SCRIPT>b</SCRIPT><script>a</script>", ["a", "b"]],
    ["one with the line ends of Windows", "<script>a\r\nb\rc</script>", ["a\nb\nc"]],
    ["no more than that", "<b onclick=evil()>x</b>", []],
  ] as const) {
    it(`is ${what}`, () => {
      const [found] = consulUiPolicy(page)
        .split("; ")
        .filter((part) => part.startsWith("script-src"));
      assert.equal(found, ["script-src 'self'", ...scripts.map(hash)].join(" "));
    });
  }
});
