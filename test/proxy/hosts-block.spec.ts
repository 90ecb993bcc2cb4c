import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type HostsEntry, withHostsBlock } from "../../proxy/hosts-block.ts";

const ORDERS: HostsEntry = { address: "127.64.0.1", names: ["orders", "shop-orders"] };
const REDIS: HostsEntry = { address: "127.64.0.2", names: ["redis"] };

const BLOCK =
  "# docker-mesh begin\n127.64.0.1 orders shop-orders\n127.64.0.2 redis\n# docker-mesh end\n";

const CASES: readonly {
  readonly name: string;
  readonly before: string;
  readonly entries?: readonly HostsEntry[];
  readonly after: string;
}[] = [
  {
    name: "goes at the end",
    before: "127.0.0.1\tlocalhost\n",
    after: `127.0.0.1\tlocalhost\n${BLOCK}`,
  },
  { name: "is all of an empty file", before: "", after: BLOCK },
  { name: "starts on a line of its own", before: "127.0.0.1 a", after: `127.0.0.1 a\n${BLOCK}` },
  {
    name: "takes the place of an older one, behind what came after it",
    before: "127.0.0.1 a\n# docker-mesh begin\n127.64.0.9 old\n# docker-mesh end\n198.18.0.3 b\n",
    after: `127.0.0.1 a\n198.18.0.3 b\n${BLOCK}`,
  },
  {
    name: "is removed when there is nothing to say",
    before: `127.0.0.1 a\n${BLOCK}198.18.0.3 b\n`,
    entries: [],
    after: "127.0.0.1 a\n198.18.0.3 b\n",
  },
  {
    name: "leaves comments, blank lines, CRLF and other bytes alone",
    before: "# caf\xc3\xa9\r\n\r\n\t::1 ip6-localhost \xff\n\n",
    after: `# caf\xc3\xa9\r\n\r\n\t::1 ip6-localhost \xff\n\n${BLOCK}`,
  },
  {
    name: "ends where its lines end when its end is missing",
    before:
      "127.0.0.1 a\n# docker-mesh begin\n127.64.0.9 old\n127.127.0.1 old\n198.18.0.3 b\n127.64.0.7 c\n",
    after: `127.0.0.1 a\n198.18.0.3 b\n127.64.0.7 c\n${BLOCK}`,
  },
  {
    name: "does not leave an end without a beginning",
    before: `127.0.0.1 a\n${BLOCK}# docker-mesh end\n`,
    after: `127.0.0.1 a\n${BLOCK}`,
  },
  {
    name: "is the same when written again",
    before: `127.0.0.1 a\n${BLOCK}`,
    after: `127.0.0.1 a\n${BLOCK}`,
  },
];

describe("the mesh's block in a hosts file", () => {
  for (const { name, before, entries = [ORDERS, REDIS], after } of CASES) {
    it(name, () => {
      assert.equal(withHostsBlock(before, entries), after);
    });
  }
});
