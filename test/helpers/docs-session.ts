// A shell in which a page's commands run as a reader's would: in a folder of its own with the project's compose files, with the
// `docker mesh` of the working tree. What a reader has under well-known names, tests have under names of their own.
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { provided } from "./docker.ts";
import { ROOT } from "./documentation.ts";
import { eventually } from "./eventually.ts";
import { isAsShown, type Step } from "./shown-output.ts";

/** The Compose project that pages call `shop`. */
export const SHOP = "mesh-test-shop";
/** That which they call `mesh-gateway`. */
export const GATEWAY = "mesh-test-gateway";
const MESH = "mesh-test-docs";
/** Ports that pages publish are other ones in tests: these may be taken. */
const PORT_SHIFT = 10_000;
/** In addresses, and where compose files publish one. */
const PUBLISHED = /(?<=127\.0\.0\.1:|localhost:)\d{4,5}\b|(?<=")\d{4,5}(?=:\d)/g;
const GATEWAY_PORTS = { http: "18081", https: "18443" };
const END_MARK = "end-of-step";

export interface Ran {
  readonly code: number;
  /** The first command that failed, though the block may have gone on. */
  readonly failed: string;
  /** Both outputs, in the words of the page. */
  readonly output: string;
}

/** What tests set in the environment of a reader. */
export function readersEnvironment(): Readonly<Record<string, string>> {
  const shifted = (port: number): string => String(port + PORT_SHIFT);
  return {
    MESH_PROJECT_NAME: MESH,
    MESH_IMAGE: provided("MESH_IMAGE"),
    MESH_CONSUL_IMAGE: provided("MESH_CONSUL_IMAGE"),
    MESH_DEMO_IMAGE: provided("MESH_DEMO_IMAGE"),
    MESH_REDIS_IMAGE: provided("MESH_REDIS_IMAGE"),
    MESH_RUN_VOLUME: `${MESH}_run`,
    MESH_DEMO_PORT: shifted(8080),
    MESH_CONSOLE_PORT: shifted(8600),
    MESH_CONSUL_PORT: shifted(8500),
    MESH_GATEWAY_HTTP_PORT: GATEWAY_PORTS.http,
    MESH_GATEWAY_HTTPS_PORT: GATEWAY_PORTS.https,
    COMPOSE_ANSI: "never",
    COMPOSE_PROGRESS: "quiet",
  };
}

/** The line with a compose file's project, with the tests' own. */
function testName(line: string): string {
  return line
    .replace(/(?<=^name: )mesh$/, MESH)
    .replace(/(?<=^name: )(?:shop|mesh-gateway)$/, toTest);
}

/** Commands and files of a page in the words of the tests. */
export function toTest(text: string): string {
  return text
    .replaceAll(/(?<![\w.])shop(?=_default\b|(?![\w.]))/g, SHOP)
    .replaceAll(/\bmesh-(?=(?:agent|consul)-1\b)/g, `${MESH}-`)
    .replaceAll("mesh-gateway", GATEWAY)
    .replaceAll("docker-mesh/mesh:0.1.0", provided("MESH_IMAGE"))
    .replaceAll("docker-mesh/demo:0.1.0", provided("MESH_DEMO_IMAGE"))
    .replaceAll("redis:7-alpine", provided("MESH_REDIS_IMAGE"))
    .replaceAll(PUBLISHED, (port) => String(Number(port) + PORT_SHIFT))
    .replaceAll("http://shop.localhost/", `http://shop.localhost:${GATEWAY_PORTS.http}/`)
    .replaceAll("https://shop.localhost/", `https://shop.localhost:${GATEWAY_PORTS.https}/`);
}

/** What was printed in the words of the page. */
export function toPage(text: string): string {
  return text
    .replaceAll(SHOP, "shop")
    .replaceAll(GATEWAY, "mesh-gateway")
    .replaceAll(MESH, "mesh")
    .replaceAll(provided("MESH_IMAGE"), "docker-mesh/mesh:0.1.0")
    .replaceAll(provided("MESH_DEMO_IMAGE"), "docker-mesh/demo:0.1.0")
    .replaceAll(/(?<=127\.0\.0\.1:|localhost:)1\d{4}\b/g, (port) =>
      String(Number(port) - PORT_SHIFT),
    )
    .replaceAll(/(?<=\/\/shop\.localhost):\d+/g, "");
}

export class DocsSession implements AsyncDisposable {
  readonly #folder: string;
  readonly #shell: ChildProcess;
  #printed = "";

  private constructor(folder: string, environment: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#shell = spawn("bash", ["--noprofile", "--norc"], {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ["pipe", "pipe", "inherit"],
      detached: true,
    });
    this.#shell.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#printed += text;
    });
    this.#shell.stdin?.write(`trap '__failed="$__failed$BASH_COMMAND"' ERR\n`);
  }

  static async open(environment: Readonly<Record<string, string>>): Promise<DocsSession> {
    const folder = await mkdtemp(join(tmpdir(), "mesh-test-docs-"));
    await cp(join(ROOT, "compose"), join(folder, "compose"), { recursive: true });
    const found = await readdir(folder, { recursive: true });
    for (const path of found.filter((name) => name.endsWith(".yaml"))) {
      const text = await readFile(join(folder, path), "utf8");
      await writeFile(join(folder, path), text.replace(/^name: .*$/m, testName));
    }
    return new DocsSession(folder, environment);
  }

  /** A file of the page, in the folder where the shell began. */
  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.#folder, name), toTest(text));
  }

  /** Runs a script in the shell, whose folder and variables the next one finds. */
  async run(script: string): Promise<Ran> {
    const mark = `${END_MARK}-${randomUUID()}`;
    const end = `printf '\\n${mark} %s %q\\n' "$?" "$__failed"`;
    this.#printed = "";
    this.#shell.stdin?.write(`__failed=\n{\n${toTest(script)}\n} </dev/null 2>&1\n${end}\n`);
    return await eventually(
      () => {
        const groups = new RegExp(
          `^(?<output>.*)\\n${mark} (?<code>\\d+) (?<failed>[^\\n]*)\\n`,
          "s",
        ).exec(this.#printed)?.groups;
        if (groups === undefined) throw new Error(`it does not end: ${script}\n${this.#printed}`);
        const { output = "", code = "", failed = "" } = groups;
        return { code: Number(code), failed: toPage(failed), output: toPage(output) };
      },
      { timeout: 45_000 },
    );
  }

  /** Runs a command until it ends, and prints, as the page says: readers look again, too. */
  async step({ command, shown, fails }: Step): Promise<void> {
    await eventually(
      async () => {
        const { code, output } = await this.run(command);
        if ((code !== 0) !== fails) {
          throw new Error(
            `expected it ${fails ? "to fail" : "to succeed"}, found exit code ${code}: ${command}\n${output}`,
          );
        }
        if (shown.length > 0 && !isAsShown(shown, output)) {
          throw new Error(`expected of ${command}:\n${shown.join("\n")}\n\nfound:\n${output}`);
        }
      },
      { timeout: 20_000, interval: 250 },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#shell, "close");
    if (this.#shell.pid !== undefined && this.#shell.exitCode === null) {
      process.kill(-this.#shell.pid, "SIGKILL");
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}
