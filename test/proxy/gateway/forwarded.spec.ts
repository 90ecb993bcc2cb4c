import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { dropClaims, forwardingLines } from "../../../proxy/gateway/forwarded.ts";
import { redirectAnswer } from "../../../proxy/gateway/gateway-requests.ts";
import { MessageHead } from "../../../proxy/http1/message-head.ts";
import { parseRequestHead } from "../../../proxy/http1/parse-request.ts";
import { HEAD_LIMITS } from "../../../proxy/http1/violation.ts";
import { requestHeadRoom, writeRequestHead } from "../../../proxy/http1/write-head.ts";
import { RequestView } from "../../../proxy/match/request-view.ts";
import { HeadEditor } from "../../../proxy/route/edit-head.ts";

function headOf(lines: readonly string[], target = "/", host = "shop.example"): MessageHead {
  const text = [`GET ${target} HTTP/1.1`, `Host: ${host}`, ...lines, "", ""].join("\r\n");
  const head = new MessageHead();
  const bytes = Buffer.from(text, "latin1");
  assert.equal(parseRequestHead(head, bytes, 0, bytes.length, HEAD_LIMITS), bytes.length);
  return head;
}

const EDIT = {
  ...{ added: Buffer.alloc(0), forwardedFor: Buffer.from("198.18.0.7"), host: Buffer.from("x") },
  ...{ http2: false, timeLeft: undefined, trace: undefined },
};

function sent(head: MessageHead): string {
  const out = Buffer.alloc(requestHeadRoom(head, EDIT));
  return out.toString("latin1", 0, writeRequestHead(out, 0, head, EDIT));
}

const FORGED = [
  "X-Forwarded-For: 192.0.2.1",
  "x-forwarded-for: 192.0.2.2",
  "X_Forwarded_For: 192.0.2.3",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: evil.example",
  "X-Forwarded-Prefix: /evil",
  "X-Forwarded-Client-Cert: By=x;URI=spiffe://x/admin",
  "Forwarded: for=192.0.2.4",
  "X-Real-IP: 192.0.2.5",
  "True-Client-IP: 192.0.2.6",
  "X-Envoy-External-Address: 192.0.2.7",
  "X-Original-URL: /admin",
  "X-Mesh-Failure: NONE",
];

describe("what clients of a gateway say about themselves", () => {
  it("does not reach the service, and the gateway's own word stands alone", () => {
    const head = headOf([...FORGED, "Accept: text/html", "X-Forwarder: mine", "X-Request-Id: 7"]);
    dropClaims(head);
    assert.equal(
      sent(head),
      "GET / HTTP/1.1\r\nHost: shop.example\r\nAccept: text/html\r\nX-Forwarder: mine\r\nX-Request-Id: 7\r\nx-forwarded-for: 198.18.0.7\r\n\r\n",
    );
  });

  it("does not come back when a route changes the head", () => {
    const head = headOf(FORGED);
    dropClaims(head);
    const headers = { set: [{ name: "x-tier", value: "gold" }], add: [], remove: [] };
    const edited = new HeadEditor().request(head, { headers, path: "/v2" });
    assert.equal(
      sent(edited),
      "GET /v2 HTTP/1.1\r\nHost: shop.example\r\nx-tier: gold\r\nx-forwarded-for: 198.18.0.7\r\n\r\n",
    );
  });

  it("is nothing that a route or a rule could match", () => {
    const head = headOf(FORGED);
    dropClaims(head);
    assert.deepEqual(new RequestView().of(head).field("x-forwarded-proto", true), []);
    assert.equal(head.fieldText("x-real-ip"), undefined);
  });

  it("is put in its place by the gateway, but for what a trusted proxy has said", () => {
    const forwarding = { proto: "http", host: "shop.example:81", port: 81 } as const;
    const lines =
      "x-forwarded-proto: http\r\nx-forwarded-host: shop.example:81\r\nx-forwarded-port: 81\r\n";
    assert.equal(forwardingLines(forwarding, undefined).toString(), lines);
    const said = headOf(["X-Forwarded-Proto: https", "X-Forwarded-Port: 443"]);
    assert.equal(
      forwardingLines(forwarding, said).toString(),
      "x-forwarded-host: shop.example:81\r\n",
    );
  });
});

describe("a redirect to HTTPS", () => {
  const location = (https: number | undefined, head: MessageHead): string => {
    const answer = redirectAnswer({ host: "shop.example" }, { ports: { http: 80, https } }, head);
    assert.equal(answer.status, 308);
    return answer.fields;
  };

  for (const [target, wanted] of [
    ["/", "/"],
    ["/a%20b?c=d&e", "/a%20b?c=d&e"],
    ["//evil.example/x", "//evil.example/x"],
    ["http://shop.example/x?y", "/x?y"],
    ["http://shop.example", "/"],
    ["http://shop.example?y", "/?y"],
  ] as const) {
    it(`keeps path and query of ${target}, and the host that was matched`, () => {
      assert.equal(
        location(443, headOf([], target)),
        `location: https://shop.example${wanted}\r\n`,
      );
    });
  }

  it("leads to the gateway's own port", () => {
    assert.equal(location(8443, headOf([])), "location: https://shop.example:8443/\r\n");
  });

  it("says nothing that the request says about hosts", () => {
    const head = headOf(["X-Forwarded-Host: evil.example"], "/", "shop.example:99");
    assert.equal(location(443, head), "location: https://shop.example/\r\n");
  });
});
