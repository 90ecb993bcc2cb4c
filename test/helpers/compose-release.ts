// A user whose Docker has a particular Compose and the plugin `docker mesh`, and nothing else.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { unpackCompose } from "../../scripts/engine/compose-plugin.ts";
import { readSettings } from "../../scripts/settings.ts";

const SHIM = fileURLToPath(new URL("../../plugin/docker-mesh", import.meta.url));

export interface Ended {
  readonly code: number;
  /** Both outputs. */
  readonly output: string;
}

export class DockerUser implements AsyncDisposable {
  readonly #directory: string;
  /** Their variables, beside those of the machine. */
  readonly environment: Readonly<Record<string, string>>;

  private constructor(directory: string, environment: Readonly<Record<string, string>>) {
    this.#directory = directory;
    this.environment = environment;
  }

  /** With Debian's Compose of that suite. */
  static async of(
    suite: "trixie" | "sid",
    environment: Readonly<Record<string, string>>,
  ): Promise<DockerUser> {
    const directory = await mkdtemp(join(tmpdir(), "mesh-test-user-"));
    const plugins = join(directory, "cli-plugins");
    await mkdir(plugins);
    await unpackCompose(readSettings("test").cache, suite, join(plugins, "docker-compose"));
    await symlink(SHIM, join(plugins, "docker-mesh"));
    return new DockerUser(directory, { ...environment, DOCKER_CONFIG: directory });
  }

  /** With what one line makes of the image alone, Compose, and a Node that is too old. */
  static async fromImage(
    image: string,
    more: Readonly<Record<string, string>>,
    suite: "trixie" | "sid" = "trixie",
  ): Promise<DockerUser> {
    const directory = await mkdtemp(join(tmpdir(), "mesh-test-user-"));
    const programs = join(directory, "programs");
    await mkdir(programs);
    await writeFile(join(programs, "node"), "#!/bin/sh\necho v20.20.2\n", { mode: 0o755 });
    const path = `${programs}:/usr/bin:/bin:/usr/local/bin`;
    const own = { PATH: path, DOCKER_CONFIG: directory };
    const line = 'docker run --rm "$0" /app/docker-mesh installer | sh';
    const env = { ...process.env, ...own };
    await promisify(execFile)("sh", ["-c", line, image], { env, timeout: 60_000 });
    const compose = join(directory, "cli-plugins/docker-compose");
    await unpackCompose(readSettings("test").cache, suite, compose);
    return new DockerUser(directory, { ...more, ...own });
  }

  /** Runs `docker …` to its end, whatever its exit code. */
  async docker(...args: readonly string[]): Promise<Ended> {
    const env = { ...process.env, ...this.environment };
    return await promisify(execFile)("docker", args, { env, timeout: 110_000 }).then(
      ({ stdout, stderr }) => ({ code: 0, output: `${stdout}${stderr}` }),
      ({ code, stdout, stderr }) => ({ code, output: `${stdout}${stderr}` }),
    );
  }

  /** `docker compose` on a file with that content. */
  async compose(project: string, file: object, ...args: readonly string[]): Promise<Ended> {
    return await this.docker(...(await this.#command(project, file)), ...args);
  }

  /** The same, on that engine. */
  async composeOn(
    host: string,
    project: string,
    file: object,
    ...args: readonly string[]
  ): Promise<Ended> {
    return await this.docker("-H", host, ...(await this.#command(project, file)), ...args);
  }

  async #command(project: string, file: object): Promise<readonly string[]> {
    const path = join(this.#directory, `${project}.json`);
    await writeFile(path, JSON.stringify(file));
    return ["compose", "--ansi", "never", "-p", project, "-f", path];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true });
  }
}
