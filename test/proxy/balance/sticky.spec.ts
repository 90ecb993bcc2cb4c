// A client that keeps its endpoint, by a cookie that the mesh gives it.
import assert from "node:assert/strict";
import { endpointDigest } from "../../../proxy/balance/endpoint-digest.ts";
import { StickyTargets } from "../../../proxy/balance/sticky.ts";
import type { Edits, Target } from "../../../proxy/http/plan.ts";
import { calledEndpoints, ServiceRig } from "../../helpers/balancing.ts";
import { answerToGet, requestHead } from "../http1/heads.ts";

const NAME = "shop-endpoint";

function sticky(rig: ServiceRig, cookie: string | undefined, edits?: Edits): StickyTargets {
  const lines = cookie === undefined ? [] : [`cookie: a=b; ${NAME}=${cookie}`];
  const choice = { cookie: NAME, places: [{ group: rig.targets, versions: undefined }] };
  return new StickyTargets(
    rig.targets,
    choice,
    requestHead("GET / HTTP/1.1", "host: a", ...lines),
    edits,
  );
}

function cookieFor(targets: StickyTargets, target: Target): string | undefined {
  return targets.response(answerToGet("HTTP/1.1 200 OK", "a: b"), target).fieldText("set-cookie");
}

describe("a sticky cookie", () => {
  it("is given with the first answer and leads back to the same endpoint each time", () => {
    const rig = new ServiceRig(calledEndpoints(10));
    const first = sticky(rig, undefined);
    const target = first.next(0, [], true);
    assert.ok(target !== undefined);
    const [pair = "", ...attributes] = cookieFor(first, target)?.split("; ") ?? [];
    assert.deepEqual(attributes, ["Path=/", "HttpOnly", "SameSite=Lax"]);
    const [name, value] = pair.split("=");
    assert.equal(name, NAME);
    for (let request = 0; request < 50; request += 1) {
      const again = sticky(rig, value);
      assert.equal(again.next(request, [], true), target);
      assert.equal(cookieFor(again, target), undefined);
    }
  });

  it("does not show the endpoint's id", () => {
    assert.match(endpointDigest("orders-3"), /^[0-9a-f]{16}$/);
  });

  it("keeps the fields and the status of the answer", () => {
    const rig = new ServiceRig(calledEndpoints(2));
    const head = answerToGet("HTTP/1.1 404 Not Found", "set-cookie: own=1", "content-length: 5");
    const edited = sticky(rig, undefined).response(head, rig.target("orders-1"));
    assert.equal(edited.status, 404);
    assert.equal(edited.contentLength, 5);
    assert.match(edited.fieldText("set-cookie") ?? "", /^own=1, shop-endpoint=/);
  });

  for (const [name, value] of [
    ["names nobody", "0123456789abcdef"],
    ["is empty", ""],
    ["was tampered with", "'; drop table"],
  ] as const) {
    it(`that ${name} is as good as none`, () => {
      const rig = new ServiceRig(calledEndpoints(3));
      const targets = sticky(rig, value);
      const target = targets.next(0, [], true);
      assert.ok(target !== undefined && cookieFor(targets, target) !== undefined);
    });
  }

  it("of an ejected endpoint gives way to the picker and is replaced", () => {
    const rig = new ServiceRig(calledEndpoints(3)).answer("orders-0", 500, 5);
    const targets = sticky(rig, endpointDigest("orders-0"));
    const target = targets.next(0, [], true);
    assert.ok(target !== undefined && target.id !== "orders-0");
    assert.match(cookieFor(targets, target) ?? "", new RegExp(endpointDigest(target.id)));
  });

  it("of an endpoint that has failed this request gives way for its retries", () => {
    const rig = new ServiceRig(calledEndpoints(3));
    const targets = sticky(rig, endpointDigest("orders-0"));
    const first = targets.next(0, [], true);
    assert.equal(first?.id, "orders-0");
    const second = targets.next(0, [rig.target("orders-0")], true);
    assert.ok(second !== undefined && second !== first);
    assert.ok(cookieFor(targets, second) !== undefined);
  });

  it("is not given for an endpoint that is only probed, where the next request would not be served", () => {
    const rig = new ServiceRig(calledEndpoints(3)).answer("orders-0", 500, 5);
    rig.advance(20_000).sweep();
    const targets = sticky(rig, undefined);
    assert.equal(targets.next(0, [], true)?.id, "orders-0");
    assert.equal(cookieFor(targets, rig.target("orders-0")), undefined);
    rig.answer("orders-0", 200, 3);
    assert.ok(cookieFor(targets, rig.target("orders-0")) !== undefined);
  });

  it("is kept over a new configuration", () => {
    const rig = new ServiceRig(calledEndpoints(3));
    rig.update(calledEndpoints(5));
    assert.equal(sticky(rig, endpointDigest("orders-2")).next(0, [], true)?.id, "orders-2");
  });

  it("comes after what the route changes", () => {
    const rig = new ServiceRig(calledEndpoints(2));
    const changed = answerToGet("HTTP/1.1 200 OK", "by: route");
    const request = requestHead("GET /new HTTP/1.1", "host: a");
    const edits: Edits = { request: () => request, response: () => changed };
    const targets = sticky(rig, undefined, edits);
    assert.equal(targets.request(requestHead("GET / HTTP/1.1", "host: a")), request);
    const head = targets.response(answerToGet("HTTP/1.1 200 OK"), rig.target("orders-0"));
    assert.equal(head.fieldText("by"), "route");
    assert.ok(head.fieldText("set-cookie") !== undefined);
    const known = sticky(rig, endpointDigest("orders-0"), edits);
    assert.equal(known.response(answerToGet("HTTP/1.1 200 OK"), rig.target("orders-0")), changed);
  });
});
