// What a caller's request is told while the rules change: those in force when the answer is given decide.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { silentLog } from "../../mesh/log.ts";
import { Denials } from "../../proxy/authorize/denials.ts";
import { CallerGuard } from "../../proxy/caller-guard.ts";
import type { Configuration } from "../../proxy/configuration/configuration.ts";
import { buildInbound } from "../../proxy/configuration/inbound-routes.ts";
import type { Snapshot } from "../../proxy/configuration/snapshot.ts";
import { Counters } from "../../proxy/counters.ts";
import type { DataPlane } from "../../proxy/data-plane.ts";
import { TRUST_DOMAIN, uriOf } from "../helpers/certificates.ts";
import { ManualClock } from "../helpers/manual-clock.ts";
import { NO_POLICY } from "../helpers/plans.ts";
import { createKey, ISSUER, keySet, tokenBy } from "../helpers/tokens.ts";
import { requestHead } from "./http1/heads.ts";

const JWT = { "jwt.issuer": ISSUER, "jwt.jwks": "https://login.test/keys" };
const KEY = createKey("one");
const OTHER = createKey("two");

describe("a request with a token", () => {
  let current: Configuration;
  let guard: CallerGuard;
  /** What is said here comes into force, in place of the last. */
  const swap = (parts: Partial<Pick<Snapshot, "policy" | "jwks">>): void => {
    const certificates = { trustDomain: TRUST_DOMAIN };
    const snapshot = {
      ...{ service: "shop-orders", certificates, inbound: [], ...NO_POLICY },
      ...current?.snapshot,
      ...parts,
    } as unknown as Snapshot;
    const source = {
      sidecar: () => assert.fail("nobody is called"),
      application: () => assert.fail("there are no ports"),
    };
    const inbound = buildInbound(snapshot, source, current?.inbound);
    current = { snapshot, inbound } as Configuration;
  };
  beforeEach(() => {
    current = undefined as unknown as Configuration;
    swap({ policy: JWT, jwks: keySet(KEY, OTHER) });
    const counters = new Counters();
    const plane = {
      configuration: () => current,
      counters,
      denials: new Denials(silentLog, new ManualClock(), counters),
    } as unknown as DataPlane;
    guard = new CallerGuard(plane, current, { kind: "authenticated", uri: uriOf("shop-web") });
  });

  const TOKEN = tokenBy(KEY);
  const fields = (token: string): string[] => [
    "host: shop-orders",
    `authorization: Bearer ${token}`,
  ];
  /** The answer that the request gets in place of the application's. */
  const ask = (token = TOKEN): Promise<string> => {
    const gate = guard.before(requestHead("GET / HTTP/1.1", ...fields(token)))?.gate;
    assert.ok(gate !== undefined, "the token is known already");
    return gate.then((answer) => answer?.code ?? "let in");
  };
  const review = (token = TOKEN): string => {
    const head = `GET / HTTP/1.1\r\n${fields(token).join("\r\n")}\r\n\r\n`;
    return guard.review(Buffer.from(head))?.code ?? "goes on";
  };

  it("that is being verified is not ended by a change in between, but judged by what is in force when the token is known", async () => {
    const answer = ask();
    swap({ policy: { ...JWT, deny: "shop-api" } });
    assert.equal(review(), "goes on");
    assert.equal(await answer, "let in");
    assert.equal(review(), "goes on");
    const refused = ask(tokenBy(KEY, { sub: "another" }));
    swap({ policy: { ...JWT, deny: "shop-web" } });
    assert.equal(await refused, "ACCESS_DENIED");
  });

  it("that is being verified ends when the rules do not let its caller in whatever the token says", async () => {
    const answer = ask();
    swap({ policy: { ...JWT, deny: "shop-web" } });
    assert.equal(review(), "ACCESS_DENIED");
    await answer;
  });

  it("that is being verified is refused when its key was withdrawn meanwhile, also while it was verified anew", async () => {
    const answer = ask();
    swap({ jwks: keySet(KEY) });
    const { tokens } = current.inbound.access;
    assert.ok(tokens !== undefined);
    const check = tokens.check.bind(tokens);
    tokens.check = (token) => {
      swap({ jwks: keySet(OTHER) });
      return check(token);
    };
    assert.equal(await answer, "TOKEN_INVALID");
  });

  it("that is being verified is let in when tokens are not asked for any more", async () => {
    const answer = ask("x.y.z");
    swap({ policy: {} });
    assert.equal(await answer, "let in");
  });

  it("that was found wrong is not waited for any more", async () => {
    assert.equal(await ask("x.y.z"), "TOKEN_INVALID");
    swap({ policy: { ...JWT, deny: "shop-api" } });
    assert.equal(review("x.y.z"), "TOKEN_INVALID");
  });

  it("that has run out meanwhile goes on until access changes, whatever else does", () => {
    swap({ policy: { ...JWT, "timeouts.request": "5s", "route.x.path": "/" } });
    assert.equal(review(), "goes on");
    swap({ policy: { ...JWT, deny: "shop-api" } });
    assert.equal(review(), "TOKEN_INVALID");
  });
});
