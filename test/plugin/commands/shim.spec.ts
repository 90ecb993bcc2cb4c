import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, it } from "mocha";

const run = promisify(execFile);
const PROJECT = fileURLToPath(new URL("../../../", import.meta.url));
const SHIM = join(PROJECT, "plugin", "docker-mesh");

describe("the docker-mesh shim", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "shim-"));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  /** A program that claims to be a Node of that version, and prints its arguments otherwise. */
  async function writeNode(path: string, version: string): Promise<void> {
    await writeFile(
      path,
      `#!/bin/sh\nif [ "$1" = --version ]; then echo "${version}"; else echo "ran: $*"; fi\n`,
    );
    await chmod(path, 0o755);
  }

  /** A copy of the shim in a project without installed packages. */
  async function copyShim(): Promise<string> {
    const plugin = join(directory, "a project", "plugin");
    await mkdir(plugin, { recursive: true });
    await cp(SHIM, join(plugin, "docker-mesh"));
    await writeFile(join(plugin, "cli.ts"), "");
    return join(plugin, "docker-mesh");
  }

  it("answers with its metadata without any Node, in the version of package.json", async () => {
    const { stdout } = await run("/bin/sh", [SHIM, "docker-cli-plugin-metadata"], {
      env: { PATH: "" },
    });
    const manifest = JSON.parse(await readFile(join(PROJECT, "package.json"), "utf8")) as {
      version: string;
    };
    assert.deepEqual(JSON.parse(stdout), {
      SchemaVersion: "0.1.0",
      Vendor: "docker-mesh",
      Version: manifest.version,
      ShortDescription: "Service mesh for Compose and Swarm",
    });
  });

  it("starts the command through links, from any folder", async () => {
    await symlink(SHIM, join(directory, "absolute"));
    await symlink("absolute", join(directory, "docker-mesh"));
    const { stdout } = await run(join(directory, "docker-mesh"), ["mesh", "version"], { cwd: "/" });
    assert.match(stdout, /^docker mesh version \d/);
  });

  it("passes the exit code on", async () => {
    await assert.rejects(run(SHIM, ["mesh", "bogus"]), { code: 1, stdout: "" });
  });

  it("passes arguments on as they are", async () => {
    const shim = await copyShim();
    await writeNode(join(directory, "node"), "v24.14.0");
    const { stdout } = await run(shim, ["-H", "a b", "mesh"], {
      env: { PATH: `${directory}:/usr/bin:/bin` },
    });
    assert.equal(stdout, `ran: ${join(directory, "a project", "plugin", "cli.ts")} -H a b mesh\n`);
  });

  it("prefers the project's own Node", async () => {
    const shim = await copyShim();
    const bin = join(directory, "a project", "node_modules", ".bin");
    await mkdir(bin, { recursive: true });
    await writeNode(join(bin, "node"), "v24.21.0");
    const { stdout } = await run(shim, ["mesh"], { env: { PATH: "/usr/bin:/bin" } });
    assert.match(stdout, /^ran: /);
  });

  for (const version of ["v24.14.0", "v24.21.1", "v25.0.0", "v100.1.0"]) {
    it(`takes Node ${version} from PATH`, async () => {
      const shim = await copyShim();
      await writeNode(join(directory, "node"), version);
      const { stdout } = await run(shim, ["mesh"], { env: { PATH: `${directory}:/usr/bin:/bin` } });
      assert.match(stdout, /^ran: /);
    });
  }

  for (const version of ["v24.13.9", "v20.20.2", "v9.99.0"]) {
    it(`refuses Node ${version}, and says what is needed`, async () => {
      const shim = await copyShim();
      await writeNode(join(directory, "node"), version);
      await assert.rejects(run(shim, ["mesh"], { env: { PATH: `${directory}:/usr/bin:/bin` } }), {
        code: 1,
        stderr: `docker mesh needs Node 24.14 or newer, found ${version}: run "npm ci" in ${join(directory, "a project")}, or put a newer node into PATH\n`,
      });
    });
  }
});
