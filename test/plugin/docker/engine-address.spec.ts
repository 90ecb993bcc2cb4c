import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import {
  type EngineAddress,
  type EngineFlags,
  type Environment,
  resolveEngineAddress,
} from "../../../plugin/docker/engine-address.ts";
import { printEngineHost } from "../../../plugin/docker/engine-host.ts";

const NO_FLAGS: EngineFlags = {
  host: undefined,
  context: undefined,
  config: undefined,
  tls: undefined,
  tlsVerify: undefined,
  tlsCaCertificate: undefined,
  tlsCertificate: undefined,
  tlsKey: undefined,
};

describe("engine address", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "docker-config-"));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  async function resolve(
    flags: Partial<EngineFlags>,
    environment: Environment = {},
  ): Promise<EngineAddress> {
    return await resolveEngineAddress(
      { ...NO_FLAGS, ...flags },
      { DOCKER_CONFIG: directory, ...environment },
    );
  }

  async function resolveHost(
    flags: Partial<EngineFlags>,
    environment: Environment = {},
  ): Promise<string> {
    return printEngineHost((await resolve(flags, environment)).host);
  }

  async function writeContext(
    name: string,
    endpoint: unknown,
    tls: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const folder = createHash("sha256").update(name).digest("hex");
    const metadata = join(directory, "contexts", "meta", folder);
    await mkdir(metadata, { recursive: true });
    await writeFile(
      join(metadata, "meta.json"),
      JSON.stringify({ Name: name, Metadata: {}, Endpoints: { docker: endpoint } }),
    );
    const files = join(directory, "contexts", "tls", folder, "docker");
    await mkdir(files, { recursive: true });
    for (const [file, content] of Object.entries(tls)) await writeFile(join(files, file), content);
  }

  async function useContext(name: string): Promise<void> {
    await writeFile(join(directory, "config.json"), JSON.stringify({ currentContext: name }));
  }

  it("is the local socket when nothing is said", async () => {
    assert.deepEqual(await resolve({}), {
      host: { kind: "unix", path: "/var/run/docker.sock" },
      tls: undefined,
    });
  });

  it("takes -H, then DOCKER_HOST, then DOCKER_CONTEXT, then the current context", async () => {
    await writeContext("named", { Host: "tcp://named:2375" });
    await writeContext("current", { Host: "tcp://current:2375" });
    await useContext("current");
    const environment = { DOCKER_HOST: "tcp://variable:2375", DOCKER_CONTEXT: "named" };
    assert.equal(await resolveHost({ host: "tcp://flag:2375" }, environment), "tcp://flag:2375");
    assert.equal(await resolveHost({}, environment), "tcp://variable:2375");
    assert.equal(await resolveHost({}, { DOCKER_CONTEXT: "named" }), "tcp://named:2375");
    assert.equal(await resolveHost({}), "tcp://current:2375");
  });

  it("lets --context overrule DOCKER_HOST, and the default context mean the local socket", async () => {
    await writeContext("named", { Host: "tcp://named:2375" });
    await useContext("named");
    const environment = { DOCKER_HOST: "tcp://variable:2375" };
    assert.equal(await resolveHost({ context: "named" }, environment), "tcp://named:2375");
    assert.equal(await resolveHost({ context: "default" }), "unix:///var/run/docker.sock");
  });

  it("takes empty variables as absent", async () => {
    const environment = {
      DOCKER_HOST: "",
      DOCKER_CONTEXT: "",
      DOCKER_TLS_VERIFY: "",
      DOCKER_TLS: "",
    };
    assert.equal(await resolveHost({}, environment), "unix:///var/run/docker.sock");
  });

  it("takes the directory of --config before that of DOCKER_CONFIG", async () => {
    await writeContext("named", { Host: "ssh://root@build" });
    const flags = { context: "named", config: directory };
    assert.equal(await resolveHost(flags, { DOCKER_CONFIG: "/nonexistent" }), "ssh://root@build");
  });

  it("reads a context's TLS files", async () => {
    const files = { "ca.pem": "CA", "cert.pem": "CERT", "key.pem": "KEY" };
    await writeContext("secure", { Host: "tcp://far:2376", SkipTLSVerify: false }, files);
    await writeContext("loose", { Host: "tcp://far:2376", SkipTLSVerify: true });
    assert.deepEqual((await resolve({ context: "secure" })).tls, {
      verify: true,
      ca: "CA",
      certificate: "CERT",
      key: "KEY",
    });
    assert.deepEqual((await resolve({ context: "loose" })).tls, {
      verify: false,
      ca: undefined,
      certificate: undefined,
      key: undefined,
    });
  });

  it("reads TLS files from DOCKER_CERT_PATH, and from flags before it", async () => {
    await writeFile(join(directory, "ca.pem"), "CA");
    await writeFile(join(directory, "other.pem"), "OTHER");
    const environment = {
      DOCKER_TLS_VERIFY: "1",
      DOCKER_CERT_PATH: directory,
      DOCKER_HOST: "tcp://far",
    };
    assert.deepEqual((await resolve({}, environment)).tls, {
      verify: true,
      ca: "CA",
      certificate: undefined,
      key: undefined,
    });
    const flags = { tlsCaCertificate: join(directory, "other.pem") };
    assert.equal((await resolve(flags, environment)).tls?.ca, "OTHER");
  });

  it("uses TLS without verification for --tls and for --tlsverify=false", async () => {
    assert.equal((await resolve({ host: "tcp://far", tls: true })).tls?.verify, false);
    assert.equal((await resolve({ host: "tcp://far", tlsVerify: false })).tls?.verify, false);
    assert.equal((await resolve({ host: "tcp://far", tlsVerify: true })).tls?.verify, true);
  });

  it("refuses --host together with --context", async () => {
    await assert.rejects(resolve({ host: "tcp://a", context: "b" }), {
      message: "expected either --host or --context, got both",
    });
  });

  it("names a context that does not exist, however hostile its name", async () => {
    await assert.rejects(resolve({ context: "../../etc" }), {
      code: "CONFIGURATION_INVALID",
      message: `expected a docker context named "../../etc" in ${directory}, found none`,
    });
  });

  it("names a context without a Docker endpoint", async () => {
    await writeContext("cloud", undefined);
    await assert.rejects(resolve({ context: "cloud" }), /found one without a Docker endpoint$/);
  });

  it("names a file that is not JSON, and a TLS file that does not exist", async () => {
    await writeFile(join(directory, "config.json"), "{");
    await assert.rejects(resolve({}), {
      message: `expected JSON in ${join(directory, "config.json")}`,
    });
    const flags = { host: "tcp://far", tls: true, tlsKey: "/nonexistent.pem" };
    await assert.rejects(resolve(flags), {
      message: "expected a file at /nonexistent.pem, found none",
    });
  });
});
