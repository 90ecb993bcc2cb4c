import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempDisposable, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Clock } from "../../../mesh/clock.ts";
import type { MeshError } from "../../../mesh/errors.ts";
import type { Leaf } from "../../../plugin/certificates/authority.ts";
import { EmbeddedAuthority } from "../../../plugin/certificates/embedded-authority.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { type AuthorityRig, authorityConformance } from "./authority-conformance.ts";
import { first } from "./first.ts";

const MINUTE = 60_000;

async function openInNewDirectory(): Promise<AuthorityRig> {
  const home = await mkdtempDisposable(join(tmpdir(), "mesh-authority-"));
  const authority = await EmbeddedAuthority.open({ directory: join(home.path, "ca") });
  return { authority, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]() };
}

authorityConformance("the embedded authority", openInNewDirectory, openInNewDirectory);

describe("the embedded authority", () => {
  let used: AsyncDisposableStack;
  let directory: string;
  let file: string;

  beforeEach(async () => {
    used = new AsyncDisposableStack();
    const home = used.use(await mkdtempDisposable(join(tmpdir(), "mesh-authority-")));
    directory = join(home.path, "state", "ca");
    file = join(directory, "authority.json");
  });
  afterEach(() => used.disposeAsync());

  for (const [random, renewedAt] of [
    [0, 0.4],
    [0.5, 0.5],
    [0.999, 0.6],
  ] as const) {
    it(`renews at ${renewedAt} of a leaf's life with chance ${random}, with a new key`, async () => {
      const clock = new ManualClock(Date.now());
      const leafLifetime = 10 * MINUTE;
      const authority = await EmbeddedAuthority.open({
        directory,
        leafLifetime,
        clock,
        random: () => random,
      });
      const leaves: Leaf[] = [];
      const stop = new AbortController();
      const reading = (async (): Promise<void> => {
        for await (const leaf of authority.leaves("web", stop.signal)) leaves.push(leaf);
      })();
      await eventually(() => assert.equal(clock.sleeping, 1));
      let passed = 0;
      while (leaves.length === 1) {
        clock.advance(1_000);
        passed += 1_000;
        // Whoever sleeps goes back to sleep, or issues the next leaf and sleeps then.
        await eventually(() => assert.equal(clock.sleeping, 1), { interval: 1 });
        assert.ok(passed < leafLifetime, "renewed while the old one was valid");
      }
      stop.abort();
      await reading;
      assert.ok(Math.abs(passed - renewedAt * leafLifetime) <= 1_000, `renewed after ${passed} ms`);
      const [before, after] = leaves;
      assert.notEqual(before?.privateKey, after?.privateKey);
      assert.equal(before?.uri, after?.uri);
      assert.equal(after?.notAfter, Math.floor((clock.wall() + leafLifetime) / 1_000) * 1_000);
    });
  }

  it("lets a new root follow an old one: trusted first, then signing, and the old one goes when nothing rests on it", async () => {
    const clock = new ManualClock(Date.now());
    const options = { directory, leafLifetime: 10 * MINUTE, rootAge: 60 * MINUTE, clock };
    const authority = await EmbeddedAuthority.open(options);
    const stop = new AbortController();
    let roots: readonly string[] = [];
    let leaf: Leaf | undefined;
    const reading = Promise.all([
      (async (): Promise<void> => {
        for await (const bundle of authority.bundles(stop.signal)) ({ roots } = bundle);
      })(),
      (async (): Promise<void> => {
        for await (const next of authority.leaves("web", stop.signal)) leaf = next;
      })(),
    ]);
    const signer = (): string | undefined =>
      roots.find((root) =>
        new X509Certificate(leaf?.certificateChain ?? "").verify(
          new X509Certificate(root).publicKey,
        ),
      );
    const pass = async (): Promise<void> => {
      clock.advance(5_000);
      await eventually(() => assert.equal(clock.sleeping, 2), { interval: 1 });
    };
    const until = async (reached: () => boolean): Promise<number> => {
      for (let passed = 0; ; passed += 5_000) {
        if (reached()) return passed;
        assert.ok(passed < 2 * 60 * MINUTE, "it never comes to that");
        await pass();
      }
    };
    await eventually(() => assert.equal(clock.sleeping, 2));
    const [first] = roots;
    await until(() => roots.length === 2);
    assert.equal(signer(), first, "what nobody trusts yet signs nothing");
    const restarted = await EmbeddedAuthority.open(options);
    const bundles = restarted.bundles(stop.signal);
    assert.deepEqual((await bundles.next()).value?.roots, roots, "a restart changes nothing");
    await bundles.return();
    const spread = await until(() => signer() !== first);
    assert.ok(spread >= 10_000 && spread <= 2 * MINUTE, `the new one signed after ${spread} ms`);
    assert.equal(roots.length, 2);
    const old = await until(() => roots.length === 1);
    assert.ok(old >= 10 * MINUTE, "leaves of the old one had run out");
    assert.notEqual(roots[0], first);
    assert.equal(signer(), roots[0]);
    stop.abort();
    await reading;
  });

  it("reads the one root that an earlier version kept", async () => {
    await EmbeddedAuthority.open({ directory });
    const { trustDomain, certificate, privateKey } = JSON.parse(await readFile(file, "utf8"));
    await writeFile(file, JSON.stringify({ trustDomain, certificate, privateKey }));
    const authority = await EmbeddedAuthority.open({ directory });
    const { roots } = await first((signal) => authority.bundles(signal));
    assert.deepEqual(roots, [certificate]);
  });

  it("renews by either clock, should the one on the wall be set back", async () => {
    const time = new ManualClock(Date.now());
    let error = 0;
    const clock: Clock = {
      monotonic: () => time.monotonic(),
      wall: () => time.wall() + error,
      sleep: (milliseconds, signal) => time.sleep(milliseconds, signal),
    };
    const leafLifetime = 10 * MINUTE;
    const authority = await EmbeddedAuthority.open({ directory, leafLifetime, clock });
    const stop = new AbortController();
    const leaves: Leaf[] = [];
    const reading = (async (): Promise<void> => {
      for await (const leaf of authority.leaves("web", stop.signal)) leaves.push(leaf);
    })();
    await eventually(() => assert.equal(time.sleeping, 1));
    error = -30 * MINUTE;
    for (let passed = 0; passed < 6 * MINUTE; passed += MINUTE) {
      time.advance(MINUTE);
      await eventually(() => assert.equal(time.sleeping, 1), { interval: 1 });
    }
    assert.equal(leaves.length, 2);
    stop.abort();
    await reading;
  });

  it("is the same authority after a restart", async () => {
    const before = await EmbeddedAuthority.open({ directory });
    const after = await EmbeddedAuthority.open({ directory });
    const bundle = await first((signal) => before.bundles(signal));
    assert.deepEqual(await first((signal) => after.bundles(signal)), bundle);
    const leaf = await first((signal) => after.leaves("web", signal));
    const [root] = bundle.roots.map((pem) => new X509Certificate(pem));
    assert.ok(root && new X509Certificate(leaf.certificateChain).verify(root.publicKey));
  });

  it("is one authority when several start at once", async () => {
    const authorities = await Promise.all(
      Array.from({ length: 5 }, () => EmbeddedAuthority.open({ directory })),
    );
    const bundles = await Promise.all(
      authorities.map((authority) => first((signal) => authority.bundles(signal))),
    );
    for (const bundle of bundles) assert.deepEqual(bundle, bundles[0]);
    assert.deepEqual(await readdir(directory), ["authority.json"], "and nothing is left over");
  });

  it("keeps its key where only its owner can read it", async () => {
    await EmbeddedAuthority.open({ directory });
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  const damages: readonly (readonly [string, (text: string, other: string) => string])[] = [
    ["is empty", () => ""],
    ["was cut off", (text) => text.slice(0, text.length / 2)],
    ["lacks the key", (text) => JSON.stringify({ ...JSON.parse(text), privateKey: undefined })],
    [
      "holds another key",
      (text, other) =>
        JSON.stringify({ ...JSON.parse(text), privateKey: JSON.parse(other).privateKey }),
    ],
    [
      "names another trust domain",
      (text) => JSON.stringify({ ...JSON.parse(text), trustDomain: "other.mesh" }),
    ],
    ["holds no certificate", (text) => JSON.stringify({ ...JSON.parse(text), certificate: "x" })],
  ];
  for (const [name, damage] of damages) {
    it(`says which file to look at when it ${name}, and leaves it as it is`, async () => {
      await EmbeddedAuthority.open({ directory });
      await EmbeddedAuthority.open({ directory: `${directory}-other` });
      const other = await readFile(join(`${directory}-other`, "authority.json"), "utf8");
      const damaged = damage(await readFile(file, "utf8"), other);
      await writeFile(file, damaged);
      await assert.rejects(
        EmbeddedAuthority.open({ directory }),
        (error: MeshError) =>
          error.code === "CONFIGURATION_INVALID" && error.message.includes(file),
      );
      assert.equal(await readFile(file, "utf8"), damaged);
    });
  }

  it("does not start with a root that has expired", async () => {
    const clock = new ManualClock(Date.now());
    await EmbeddedAuthority.open({ directory, clock });
    clock.advance(11 * 365 * 24 * 60 * MINUTE);
    await assert.rejects(EmbeddedAuthority.open({ directory, clock }), /expired on .* authority/s);
  });

  it("refuses leaves that live shorter than ten seconds", async () => {
    await assert.rejects(
      EmbeddedAuthority.open({ directory, leafLifetime: 9_999 }),
      (error: MeshError) => error.code === "CONFIGURATION_INVALID",
    );
    await assert.rejects(stat(file), "and makes nothing");
  });
});
