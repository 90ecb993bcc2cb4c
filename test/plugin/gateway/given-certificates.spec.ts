import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { generate } from "selfsigned";
import { GivenCertificates } from "../../../plugin/gateway/given-certificates.ts";
import { SelfMadeCertificates } from "../../../plugin/gateway/self-made.ts";

const DAY = 86_400_000;

describe("certificates of gateways", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mesh-gateway-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Writes NAME.crt and NAME.key. */
  async function give(name: string, host: string, days = 90): Promise<string> {
    const now = Date.now();
    const made = await generate([{ name: "commonName", value: host }], {
      ...{ keyType: "ec", algorithm: "sha256" },
      notBeforeDate: new Date(now - 100 * DAY),
      notAfterDate: new Date(now + days * DAY),
      extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: host }] }],
    });
    await writeFile(join(folder, `${name}.crt`), made.cert);
    await writeFile(join(folder, `${name}.key`), made.private);
    return made.cert;
  }

  describe("that are given", () => {
    let given: GivenCertificates;
    beforeEach(() => {
      given = new GivenCertificates(folder);
    });

    const problems = (name: string, host: string): readonly string[] =>
      given.problems([{ name, host }], Date.now()).map(({ code, subject, message }) => {
        assert.equal(code, "CERTIFICATE_INVALID");
        return `${subject} ${message}`;
      });

    it("are found by the names of their files, and anew when these change", async () => {
      assert.equal(given.isKnown, false);
      assert.equal(await given.look(), true);
      assert.equal(given.isKnown, true);
      const first = await give("shop.example", "shop.example");
      assert.equal(await given.look(), true);
      assert.equal(given.find("shop.example")?.certificateChain, first);
      assert.equal(await given.look(), false, "nothing has changed");
      const second = await give("shop.example", "shop.example");
      assert.equal(await given.look(), true);
      assert.equal(given.find("shop.example")?.certificateChain, second);
      assert.deepEqual(problems("shop.example", "shop.example"), []);
      await unlink(join(folder, "shop.example.crt"));
      assert.equal(await given.look(), true);
      assert.equal(given.find("shop.example"), undefined);
    });

    it("stay in use when what takes their place cannot be used, and the others go on", async () => {
      const good = await give("a", "a.example");
      await give("b", "b.example");
      await given.look();
      await writeFile(join(folder, "a.crt"), "no certificate");
      assert.equal(await given.look(), true);
      assert.equal(given.find("a")?.certificateChain, good);
      assert.match(
        problems("a", "a.example")[0] ?? "",
        /^a\.crt cannot be used .*; until then the one before stays in use$/,
      );
      assert.deepEqual(problems("b", "b.example"), []);
    });

    it("are a problem without their key, and with another one's", async () => {
      await give("a", "a.example");
      const key = await readFile(join(folder, "a.key"));
      await give("a", "a.example");
      await writeFile(join(folder, "a.key"), key);
      await give("b", "b.example");
      await unlink(join(folder, "b.key"));
      await given.look();
      assert.equal(given.find("a"), undefined);
      assert.match(
        problems("a", "a.example")[0] ?? "",
        /expected the private key of the certificate/,
      );
      assert.match(problems("b", "b.example")[0] ?? "", /ENOENT/);
    });

    it("are a problem when they have expired, are about to, or name another host", async () => {
      await give("old", "a.example", -1);
      await give("ageing", "*.a.example", 3);
      await given.look();
      assert.notEqual(given.find("old"), undefined, "clients say what is wrong with it");
      assert.match(problems("old", "a.example").join(), /^old\.crt has expired on /);
      assert.match(problems("ageing", "*.a.example").join(), /^ageing\.crt expires on /);
      assert.match(
        problems("ageing", "b.example").join(),
        /does not name it \(DNS:\*\.a\.example\)/,
      );
    });

    it("may be in a folder that is not there yet", async () => {
      const later = new GivenCertificates(join(folder, "later"));
      await later.look();
      assert.ok((await stat(join(folder, "later"))).isDirectory());
      assert.deepEqual(later.problems([{ name: "a", host: "a" }], Date.now()), []);
    });
  });

  describe("that the mesh makes", () => {
    const file = (): string => join(folder, "state", "gateway-authority.pem");
    const now = Date.now();

    it("name their host, chain to an authority that stays, and are for a short time", async () => {
      const made = new SelfMadeCertificates(file());
      assert.equal(await made.keep(new Set(["a.example", "*.b.example"]), now), true);
      assert.equal(await made.keep(new Set(["a.example", "*.b.example"]), now), false);
      const leaf = new X509Certificate(made.find("*.b.example")?.certificateChain ?? "");
      const authority = new X509Certificate(await readFile(file().replace(".pem", ".crt")));
      assert.ok(leaf.verify(authority.publicKey));
      assert.equal(leaf.checkHost("x.b.example"), "*.b.example");
      assert.equal(leaf.ca, false);
      assert.ok(leaf.validToDate.getTime() - now <= 90 * DAY);
      const after = new SelfMadeCertificates(file());
      await after.keep(new Set(["a.example"]), now);
      const again = new X509Certificate(after.find("a.example")?.certificateChain ?? "");
      assert.ok(again.verify(authority.publicKey), "clients trust it after a restart, too");
    });

    it("are made anew at half of their life, and forgotten when nobody wants them", async () => {
      const made = new SelfMadeCertificates(file());
      await made.keep(new Set(["a.example"]), now);
      const first = made.find("a.example");
      assert.equal(await made.keep(new Set(["a.example"]), now + 46 * DAY), true);
      assert.notDeepEqual(made.find("a.example"), first);
      await made.keep(new Set(), now);
      assert.equal(made.find("a.example"), undefined);
    });

    it("need a key that only the agent may read", async () => {
      await new SelfMadeCertificates(file()).keep(new Set(["a.example"]), now);
      assert.equal((await stat(file())).mode & 0o777, 0o600);
      assert.doesNotMatch(await readFile(file().replace(".pem", ".crt"), "utf8"), /PRIVATE/);
    });

    it("are not made by an authority that is damaged, which is a problem with its name", async () => {
      await new SelfMadeCertificates(file()).keep(new Set(["a.example"]), now);
      await writeFile(file(), "rubbish");
      const made = new SelfMadeCertificates(file());
      await made.keep(new Set(["a.example"]), now);
      assert.equal(made.find("a.example"), undefined);
      assert.match(
        made.problem ?? "",
        /the authority of gateways in .* cannot be used: restore it/,
      );
    });
  });
});
