// How the plugin comes to a user and goes again, and how it works where there is no Node.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, it } from "mocha";

const run = promisify(execFile);
const SHIM = fileURLToPath(new URL("../../../plugin/docker-mesh", import.meta.url));
/** Prints what it is called with, and answers what the shim asks before. */
const DOCKER = `#!/bin/sh
case $* in
  *MESH_DOCKER_OUTSIDE=1*) . "\${0%/*}/program"; exit 7 ;;
esac
case $1 in
  ps) echo "\${AGENT_IMAGE-}" ;;
  context) echo "\${ENDPOINT-}" ;;
  compose) printf '%s\\n' "$* with $MESH_A: $(cat)"; echo told >&2; exit 3 ;;
  *) printf '%s\\n' "$DOCKER_CONFIG \${DOCKER_HOST-} \${DOCKER_CONTEXT-}" "$@" ;;
esac
`;

/** A program in the container: asks for a command, and tells what it is answered. */
const PROGRAM = `
echo "say $*"
printf '%s\\n' "run kept" 'a\\\\b\\nand more' "'env' 'MESH_A=it'\\\\''s' 'docker' 'compose' '-f' '-'"
while IFS= read -r line; do
  printf 'say %s\\n' "$line"
  case $line in end*) break ;; esac
done
`;

interface End {
  readonly code: number;
  readonly output: string;
  readonly error: string;
}

describe("the plugin of a user", () => {
  let directory: string;
  let configuration: string;
  let plugin: string;
  /** A folder with the files of the image. */
  let image: string;

  beforeEach(async () => {
    directory = await realpath(await mkdtemp(join(tmpdir(), "plugin-")));
    configuration = join(directory, "a home", ".docker");
    plugin = join(configuration, "cli-plugins", "docker-mesh");
    image = join(directory, "app");
    await mkdir(image);
    await cp(SHIM, join(image, "docker-mesh"));
    await writeFile(
      join(image, "cli.mjs"),
      'console.log("ran", process.argv.slice(2).join(" "))\n',
    );
    await writeFile(join(image, "mesh.yaml"), "name: mesh\n");
    await writeFile(join(image, "stack.yaml"), "services: {}\n");
    await writeFile(join(directory, "docker"), DOCKER);
    await chmod(join(directory, "docker"), 0o755);
    await writeFile(join(directory, "program"), PROGRAM);
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function call(
    program: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<End> {
    const env = {
      PATH: `${directory}:/usr/bin:/bin`,
      DOCKER_CONFIG: configuration,
      ...environment,
    };
    return await run("/bin/sh", [program, ...args], { env }).then(
      ({ stdout, stderr }) => ({ code: 0, output: stdout, error: stderr }),
      ({ code, stdout, stderr }) => ({ code, output: stdout, error: stderr }),
    );
  }

  /** A Node in PATH: the one that runs the tests. */
  const linkNode = (): Promise<void> => symlink(process.execPath, join(directory, "node"));
  const fromImage = (...args: string[]): Promise<End> => call(join(image, "docker-mesh"), args);

  it("is installed with its program, works from there, and is removed without a trace", async () => {
    await linkNode();
    const { code, output } = await fromImage("mesh", "install");
    assert.deepEqual([code, output], [0, `docker mesh is installed for this user: ${plugin}\n`]);
    assert.equal((await lstat(plugin)).mode & 0o777, 0o755);
    const ran = await call(plugin, ["mesh", "status", "a b"]);
    assert.deepEqual([ran.output, ran.code], ["ran mesh status a b\n", 0]);
    const removed = await call(plugin, ["mesh", "uninstall"]);
    assert.equal(removed.code, 0);
    assert.deepEqual(await readdir(configuration), ["cli-plugins"]);
    assert.deepEqual(await readdir(join(configuration, "cli-plugins")), []);
  });

  it("is installed by a script that the image prints, on a machine that has nothing else", async () => {
    const { output: script } = await fromImage("installer");
    await writeFile(join(directory, "installer"), script);
    const { code, output, error } = await call(join(directory, "installer"), []);
    assert.deepEqual([code, error], [0, ""]);
    assert.equal(output, `docker mesh is installed for this user: ${plugin}\n`);
    assert.equal((await readFile(plugin, "utf8")).trim(), (await readFile(SHIM, "utf8")).trim());
    assert.deepEqual((await readdir(join(configuration, "mesh"))).sort(), [
      "cli.mjs",
      "mesh.yaml",
      "stack.yaml",
    ]);
    assert.equal((await call(plugin, ["docker-cli-plugin-metadata"])).code, 0);
  });

  it("may be installed twice, from itself, too, and over an older version", async () => {
    for (const from of [join(image, "docker-mesh"), join(image, "docker-mesh"), plugin]) {
      assert.equal((await call(from, ["install"])).code, 0);
    }
    const { code, output } = await call(plugin, ["mesh", "uninstall"]);
    assert.deepEqual([code, /any more/.test(output)], [0, true]);
    const again = await fromImage("uninstall");
    assert.deepEqual(
      [again.code, again.output],
      [0, `docker mesh is not installed for this user: there is no ${plugin}\n`],
    );
  });

  it("is a link where it is installed from a clone", async () => {
    const { code } = await call(SHIM, ["mesh", "install"]);
    assert.equal(code, 0);
    assert.equal(await realpath(plugin), await realpath(SHIM));
    assert.equal((await call(SHIM, ["mesh", "uninstall"])).code, 0);
    assert.equal(await lstat(plugin).catch(() => "gone"), "gone");
    assert.ok((await readFile(SHIM, "utf8")).length > 0);
  });

  it("goes where Docker's own flag says", async () => {
    const other = join(directory, "other");
    const { code } = await fromImage("--config", other, "mesh", "install");
    assert.equal(code, 0);
    assert.ok((await lstat(join(other, "cli-plugins", "docker-mesh"))).isFile());
    assert.equal(await lstat(plugin).catch(() => "none"), "none");
  });

  const FOREIGN: readonly (readonly [string, (path: string) => Promise<void>])[] = [
    ["a program of somebody else's", (path) => writeFile(path, "#!/bin/sh\necho mine\n")],
    ["a folder", (path) => mkdir(path).then(() => undefined)],
    ["a link that leads nowhere", (path) => symlink("/nowhere", path)],
  ];
  for (const [what, put] of FOREIGN) {
    it(`neither overwrites nor removes ${what}`, async () => {
      await mkdir(join(configuration, "cli-plugins"), { recursive: true });
      await put(plugin);
      const before = await lstat(plugin);
      const installed = await fromImage("install");
      assert.equal(installed.code, 1);
      assert.match(installed.error, /^expected no .*found something else there: move it away/);
      const removed = await fromImage("uninstall");
      assert.equal(removed.code, 1);
      assert.match(removed.error, /found something else there, which stays\n$/);
      assert.equal((await lstat(plugin)).ino, before.ino);
      assert.deepEqual(await readdir(configuration), ["cli-plugins"]);
    });
  }

  for (const args of [
    ["install", "now"],
    ["uninstall", "--force"],
  ]) {
    it(`refuses docker mesh ${args.join(" ")}`, async () => {
      const { code, error } = await fromImage("mesh", ...args);
      assert.deepEqual([code, error], [1, `"docker mesh ${args[0]}" accepts no arguments\n`]);
    });
  }

  describe("where there is no Node", () => {
    const IN_CONTAINER = [
      ...["run", "--rm", "--interactive", "--network", "none", "--read-only"],
      ...["--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
    ];
    const program = (socket: string, used: string): readonly string[] => [
      ...["--volume", `${socket}:/var/run/docker.sock`],
      ...["--env", "DOCKER_HOST=unix:///var/run/docker.sock", used, "node", "/app/cli.mjs"],
    ];
    const USUAL = program("/var/run/docker.sock", "docker-mesh/mesh:0.1.0");

    beforeEach(async () => {
      await fromImage("install");
      // Whatever the machine has.
      await writeFile(join(directory, "node"), "#!/bin/sh\necho v20.20.2\n");
      await chmod(join(directory, "node"), 0o755);
    });

    const CASES: readonly {
      readonly title: string;
      readonly args: readonly string[];
      readonly environment?: Readonly<Record<string, string>>;
      readonly ran: readonly string[];
    }[] = [
      {
        title: "commands run in the image",
        args: ["mesh", "status", "--format", "a b"],
        ran: [...IN_CONTAINER, ...USUAL, "mesh", "status", "--format", "a b"],
      },
      { title: "so does the help", args: [], ran: [...IN_CONTAINER, ...USUAL, "mesh"] },
      {
        title: "in that of the agent, where one runs",
        args: ["mesh", "check"],
        environment: { AGENT_IMAGE: "mine/mesh:2" },
        ran: [
          ...IN_CONTAINER,
          ...program("/var/run/docker.sock", "mine/mesh:2"),
          ...["mesh", "check"],
        ],
      },
      {
        title: "with the engine's own socket",
        args: ["mesh", "check"],
        environment: { ENDPOINT: "unix:///run/user/1000/docker.sock", MESH_IMAGE: "m" },
        ran: [...IN_CONTAINER, ...program("/run/user/1000/docker.sock", "m"), "mesh", "check"],
      },
      {
        title: "on a remote engine, with the socket that is there",
        args: ["-H", "tcp://there:2376", "--tlsverify", "mesh", "check"],
        ran: [
          ...["-H", "tcp://there:2376", "--tlsverify"],
          ...[...IN_CONTAINER, ...USUAL, "mesh", "check"],
        ],
      },
      {
        title: "on Docker Desktop, whose engine is in a machine of its own",
        args: ["mesh", "check"],
        environment: { ENDPOINT: "unix:///Users/me/.docker/run/docker.sock" },
        ran: [...IN_CONTAINER, ...USUAL, "mesh", "check"],
      },
    ];
    for (const { title, args, environment, ran } of CASES) {
      it(title, async () => {
        const { code, output } = await call(plugin, args, environment);
        assert.equal(code, 0);
        assert.deepEqual(output.split("\n").slice(1, -1), ran);
      });
    }

    for (const verb of ["up", "down", "upgrade", "compose"]) {
      it(`the program of ${verb} has Docker's own command run on this machine`, async () => {
        const environment = { MESH_PROJECT_NAME: "mine", ENDPOINT: "unix:///run/own/engine.sock" };
        const { code, output } = await call(plugin, [verb, "more"], environment);
        const [ran = "", ...said] = output.trimEnd().split("\n");
        assert.ok(ran.includes(`/app/cli.mjs ${verb} more`), ran);
        for (const variable of ["PROJECT_NAME", "DOCKER_SOCKET_DIRECTORY=/run/own"])
          assert.ok(ran.includes(`--env MESH_${variable} `), ran);
        assert.deepEqual(
          [code, said],
          [7, ["out compose -f - with it's: a\\b", "out and more", "err told", "end 3"]],
        );
      });
    }
  });
});
