// Attempts to get past a sidecar's rules by how a request is written, byte for byte, from inside the mesh and from outside.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "mocha";
import { type Callers, connectCallers, type Place } from "../helpers/callers.ts";
import { SidecarRig } from "../helpers/sidecar-rig.ts";
import { createKey, ISSUER, keySet, tokenBy } from "../helpers/tokens.ts";

const KEY = createKey("one");
const POLICY = {
  ...{ "jwt.issuer": ISSUER, "jwt.jwks": "https://login.test/keys", "jwt.required": "false" },
  ...{ "rule.open.action": "allow" },
  ...{ "rule.admin.action": "deny", "rule.admin.path-prefix": "/admin" },
  ...{ "rule.admin.claims": "role!=admin" },
  ...{ "rule.role.action": "deny", "rule.role.headers": "x-role=admin" },
  ...{ "rule.delete.action": "deny", "rule.delete.methods": "DELETE" },
};

/** Request line, then field lines. */
const REFUSED: readonly (readonly [status: number, line: string, ...fields: string[]])[] = [
  [403, "GET /admin HTTP/1.1"],
  [403, "GET /admin HTTP/1.0"],
  [403, "HEAD /admin HTTP/1.1"],
  [403, "PROPFIND /admin HTTP/1.1"],
  [403, "GET /Admin/ HTTP/1.1"],
  [403, "GET /%61dmin HTTP/1.1"],
  [403, "GET //admin HTTP/1.1"],
  [403, "GET /./admin HTTP/1.1"],
  [403, "GET /x/%2e%2E/admin HTTP/1.1"],
  [403, "GET /x/..;/admin HTTP/1.1"],
  [403, "GET /x%2f..%2fadmin HTTP/1.1"],
  [403, "GET /%2561dmin%252f HTTP/1.1"],
  [403, "GET http://shop-orders/admin HTTP/1.1"],
  [403, "GET HTTP://shop-orders/x/../admin HTTP/1.1"],
  [400, "GET http://other/admin HTTP/1.1"],
  [400, "GET admin HTTP/1.1"],
  [400, "GET \\admin HTTP/1.1"],
  [400, "GET /x#/../admin HTTP/1.1"],
  [400, "GET /admin\tHTTP/1.1"],
  [400, "GET /x HTTP/1.1", "host: other"],
  [403, "DELETE /x HTTP/1.1"],
  [403, "delete /x HTTP/1.1"],
  [403, "GET /x HTTP/1.1", "x-role: admin"],
  [403, "GET /x HTTP/1.1", "X-ROLE:\tadmin "],
  [403, "GET /x HTTP/1.1", "x-role: user", "x-role: admin"],
  [403, "GET /x HTTP/1.1", "x-role: user,admin"],
  [403, "GET /x HTTP/1.1", "x_role: admin"],
  [400, "GET /x HTTP/1.1", "x-role : admin"],
  [400, "GET /x HTTP/1.1", "x-a: 1", " x-role: admin"],
  [401, "GET /admin HTTP/1.1", "authorization: Bearer a.b.c"],
  [401, "GET /x HTTP/1.1", "authorization: Bearer\ta.b.c"],
  [401, "GET /x HTTP/1.1", `authorization: Bearer ${tokenBy(KEY)}`, "authorization: Bearer a.b.c"],
  [403, "GET /admin HTTP/1.1", `authorization: Bearer ${tokenBy(KEY, { role: "user" })}`],
  [
    ...[403, "GET /admin HTTP/1.1", "connection: authorization"],
    `authorization: Bearer ${tokenBy(KEY, { role: "admin" })}`,
  ] as [number, string, string],
];

const LET_IN: readonly (readonly [line: string, ...fields: string[]])[] = [
  ["GET /x HTTP/1.1"],
  ["GET /x?/admin HTTP/1.1"],
  ["GET /admin HTTP/1.1", `authorization: Bearer ${tokenBy(KEY, { role: "admin" })}`],
  ["GET /x HTTP/1.1", "connection: x-role", "x-role: admin"],
];

/** Signatures are never the same twice. */
function show(line: string, fields: readonly string[]): string {
  return JSON.stringify([line, ...fields]).replaceAll(/Bearer eyJ[^"]*/g, "Bearer …");
}

describe("a request that is written to get past the rules", () => {
  let rig: SidecarRig;
  let callers: Callers;
  let reached: string[];
  before(async () => {
    rig = await SidecarRig.create();
    const port = await rig.httpApplication((incoming, response) => {
      reached.push(`${incoming.method} ${incoming.url} ${incoming.headers["x-role"] ?? ""}`);
      response.end();
    });
    callers = await connectCallers(rig, port);
    await callers.callee.configure({ policy: POLICY, jwks: keySet(KEY) });
  });
  after(async () => {
    await rig[Symbol.asyncDispose]();
  });

  const statusOf = async (at: Place, line: string, fields: readonly string[]): Promise<number> => {
    reached = [];
    const close = fields.some((field) => /^connection/.test(field)) ? [] : ["connection: close"];
    const socket = connect(at);
    socket.end(
      `${[line, "host: shop-orders", ...close, ...fields].join("\r\n")}\r\n\r\n`,
      "latin1",
    );
    return Number((await text(socket)).split(" ")[1]);
  };

  for (const where of ["web", "outside"] as const) {
    for (const [status, line, ...fields] of REFUSED) {
      it(`is refused from ${where}: ${show(line, fields)}`, async () => {
        assert.equal(await statusOf(callers[where], line, fields), status);
        assert.deepEqual(reached, []);
      });
    }
    for (const [line, ...fields] of LET_IN) {
      it(`is let in from ${where} when it is not: ${show(line, fields)}`, async () => {
        assert.equal(await statusOf(callers[where], line, fields), 200);
        assert.equal(reached.length, 1);
        assert.doesNotMatch(reached[0] ?? "", / admin$/);
      });
    }
  }
});
