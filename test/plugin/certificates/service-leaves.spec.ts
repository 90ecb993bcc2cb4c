import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { MeshError } from "../../../mesh/errors.ts";
import { silentLog } from "../../../mesh/log.ts";
import { EmbeddedAuthority } from "../../../plugin/certificates/embedded-authority.ts";
import { ServiceLeaves } from "../../../plugin/certificates/service-leaves.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";

const LIFETIME = 60_000;

describe("the leaves of this node's services", () => {
  let used: AsyncDisposableStack;
  let clock: ManualClock;
  let leaves: ServiceLeaves;
  let changes: number;

  beforeEach(async () => {
    used = new AsyncDisposableStack();
    const home = used.use(await mkdtempDisposable(join(tmpdir(), "mesh-authority-")));
    clock = new ManualClock(Date.now());
    changes = 0;
    const directory = home.path;
    const authority = await EmbeddedAuthority.open({ directory, leafLifetime: LIFETIME, clock });
    const onChange = (): void => {
      changes += 1;
    };
    leaves = used.use(new ServiceLeaves(authority, onChange, silentLog));
    await eventually(() => assert.notEqual(leaves.bundle, undefined));
  });
  afterEach(() => used.disposeAsync());

  it("are there while somebody follows, and are called out", async () => {
    assert.equal(leaves.leaf("web"), undefined);
    const before = changes;
    const guard = leaves.follow("web");
    await eventually(() => assert.notEqual(leaves.leaf("web"), undefined));
    assert.equal(changes, before + 1);
    assert.ok(leaves.leaf("web")?.uri.endsWith("/svc/web"));
    assert.equal(leaves.leaf("orders"), undefined);
    guard[Symbol.dispose]();
    assert.equal(leaves.leaf("web"), undefined, "and its key is dropped");
  });

  it("are one for all workloads of a service, until the last has gone", async () => {
    const [one, two] = [leaves.follow("web"), leaves.follow("web")];
    await eventually(() => assert.notEqual(leaves.leaf("web"), undefined));
    const leaf = leaves.leaf("web");
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    assert.equal(leaves.leaf("web"), leaf, "disposing twice counts once");
    two[Symbol.dispose]();
    assert.equal(leaves.leaf("web"), undefined);
    await eventually(() => assert.equal(clock.sleeping, 1, "only the bundle is followed still"));
  });

  it("are replaced when they are renewed", async () => {
    leaves.follow("web");
    await eventually(() => assert.notEqual(leaves.leaf("web"), undefined));
    const before = leaves.leaf("web");
    await eventually(() => assert.equal(clock.sleeping, 2));
    clock.advance(LIFETIME * 0.6);
    await eventually(() => assert.notEqual(leaves.leaf("web")?.notAfter, before?.notAfter));
    assert.ok((leaves.leaf("web")?.notAfter ?? 0) > (before?.notAfter ?? 0));
  });

  it("are new when a service is followed again", async () => {
    const guard = leaves.follow("web");
    await eventually(() => assert.notEqual(leaves.leaf("web"), undefined));
    const before = leaves.leaf("web");
    guard[Symbol.dispose]();
    leaves.follow("web");
    await eventually(() => assert.notEqual(leaves.leaf("web"), undefined));
    assert.notEqual(leaves.leaf("web")?.privateKey, before?.privateKey);
  });

  it("refuse a name that no SPIFFE id can hold, and go on", () => {
    const refused = (error: MeshError): boolean => error.code === "IDENTITY_INVALID";
    assert.throws(() => leaves.follow("a/b"), refused);
    assert.throws(() => leaves.follow(""), refused);
  });

  it("leave nothing running when they are disposed", async () => {
    for (const service of ["web", "orders"]) leaves.follow(service);
    await eventually(() => assert.notEqual(leaves.leaf("orders"), undefined));
    await leaves[Symbol.asyncDispose]();
    assert.equal(clock.sleeping, 0);
  });
});
