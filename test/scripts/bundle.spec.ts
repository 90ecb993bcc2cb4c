// What every sidecar pays for in memory before its first request: the program itself and what of Node it loads.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { SINGLE_FIELDS } from "../../mesh/policy/fields.ts";
import { SIDECAR_NODE_FLAGS } from "../../plugin/docker/sidecar-container.ts";
import { SIDECAR_ENVIRONMENT } from "../../proxy/configuration/snapshot.ts";
import { attempt } from "../../scripts/command.ts";
import { bundlePrograms } from "../../scripts/images/bundle.ts";
import { ROOT } from "../structure/source-files.ts";

/** Bytes: V8 holds the text of the program as long as it runs. It is all our own; a package more would not fit. */
const LARGEST_SIDECAR = 395_000;

/** The same of the agent, once on every node. */
const LARGEST_AGENT = 2_500_000;

/** Parts of Node of a megabyte and more that no idle sidecar needs. */
const LOADED_LATE = [
  "http",
  "http2",
  "cluster",
  "dns",
  "child_process",
  "internal/deps/undici/undici",
];

/** Tells on its end what of Node it has loaded. */
const TELL = `process.on("exit", () => {
  require("node:fs").writeFileSync(process.env.MODULES_FILE, JSON.stringify(process.moduleLoadList));
});`;

describe("the sidecar's program", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "mesh-bundle-"));
    await bundlePrograms(ROOT, folder, join(folder, "programs"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const file = (name: string): string => join(folder, "programs", name);

  it(`is at most ${LARGEST_SIDECAR} bytes of text`, () => {
    assert.ok(statSync(file("sidecar.cjs")).size <= LARGEST_SIDECAR);
  });

  it("has nothing of what fields of policies say to people", () => {
    const program = readFileSync(file("sidecar.cjs"), "utf8");
    for (const { name, meaning } of SINGLE_FIELDS) {
      assert.ok(program.includes(JSON.stringify(name)), name);
      assert.ok(!program.includes(JSON.stringify(meaning)), meaning);
    }
  });

  it("has the verification of tokens in a file beside it", () => {
    assert.match(readFileSync(file("verify-token.cjs"), "utf8"), /JWSInvalid/);
    assert.doesNotMatch(readFileSync(file("sidecar.cjs"), "utf8"), /JWSInvalid/);
  });

  it("has the way to hosts outside in a file beside it", () => {
    assert.match(readFileSync(file("accept-egress.cjs"), "utf8"), /node:dns/);
    assert.doesNotMatch(readFileSync(file("sidecar.cjs"), "utf8"), /node:dns/);
  });

  it(`loads none of Node's ${LOADED_LATE.join(", ")} when it starts`, async () => {
    const [tell, told] = [join(folder, "tell.cjs"), join(folder, "modules.json")];
    await writeFile(tell, TELL);
    // Without an agent's socket it ends once everything is loaded.
    const environment = { MODULES_FILE: told, [SIDECAR_ENVIRONMENT.socket]: "" };
    const { code, stdout } = await attempt(
      process.execPath,
      [...SIDECAR_NODE_FLAGS, "--require", tell, file("sidecar.cjs")],
      { environment },
    );
    assert.equal(code, 1);
    assert.match(stdout, /CONFIGURATION_INVALID|expected MESH_AGENT_SOCKET/);
    const modules: readonly string[] = JSON.parse(readFileSync(told, "utf8"));
    assert.ok(modules.includes("NativeModule tls"), "what is loaded is told");
    const loaded = LOADED_LATE.filter((name) => modules.includes(`NativeModule ${name}`));
    assert.deepEqual(loaded, []);
  });

  it(`stands beside an agent of at most ${LARGEST_AGENT} bytes, which V8 holds in one byte a character`, () => {
    const text = readFileSync(file("agent.mjs"));
    assert.ok(text.length <= LARGEST_AGENT, `${text.length} bytes`);
    assert.ok(text.every((byte) => byte < 0x80));
  });

  it("stands beside the plugin, which can be run, and the compose file that it installs", () => {
    assert.equal(statSync(file("docker-mesh")).mode & 0o111, 0o111);
    assert.match(readFileSync(file("mesh.yaml"), "utf8"), /^name: mesh$/m);
  });

  it("leaves the licences of what the agent and the command line are made of in files beside them", () => {
    for (const name of ["agent", "cli"])
      assert.match(readFileSync(file(`${name}.mjs.LEGAL.txt`), "utf8"), /licen[sc]e/i);
  });
});
