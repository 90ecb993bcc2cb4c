import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { generate } from "selfsigned";
import { connectEngine } from "../../../plugin/docker/engine-connection.ts";
import { sshArguments } from "../../../plugin/docker/ssh-agent.ts";

const answerPing: RequestListener = (request, response) => {
  response.end(request.url === "/_ping" ? "OK" : "unexpected path");
};

describe("engine connection", () => {
  const saved = { ...process.env };
  let directory: string;
  let server: Server | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "engine-"));
    // What the client library would obey, were it not told otherwise.
    process.env["DOCKER_HOST"] = "tcp://192.0.2.1:1";
  });

  afterEach(async () => {
    process.env = { ...saved };
    server?.close();
    server?.closeAllConnections();
    server = undefined;
    await rm(directory, { recursive: true });
  });

  async function listen(created: Server, at: string | number): Promise<number> {
    server = created;
    const listening = Promise.withResolvers<void>();
    if (typeof at === "string") created.listen(at, listening.resolve);
    else created.listen(at, "127.0.0.1", listening.resolve);
    await listening.promise;
    return typeof at === "string" ? 0 : (created.address() as AddressInfo).port;
  }

  async function ping(...parameters: Parameters<typeof connectEngine>): Promise<string> {
    return String(await connectEngine(...parameters).ping());
  }

  it("reaches a unix socket", async () => {
    const path = join(directory, "docker.sock");
    await listen(createServer(answerPing), path);
    assert.equal(await ping({ host: { kind: "unix", path }, tls: undefined }), "OK");
  });

  it("reaches a TCP port", async () => {
    const port = await listen(createServer(answerPing), 0);
    assert.equal(
      await ping({ host: { kind: "tcp", host: "127.0.0.1", port }, tls: undefined }),
      "OK",
    );
  });

  it("verifies the engine's certificate over TLS, and shows its own", async () => {
    const options = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;
    const subject = [{ name: "commonName", value: "127.0.0.1" }];
    const altNames = [{ type: 7 as const, ip: "127.0.0.1" }];
    const pair = await generate(subject, {
      ...options,
      extensions: [{ name: "subjectAltName", altNames }],
    });
    const material = { key: pair.private, cert: pair.cert, ca: pair.cert };
    const created = createTlsServer(
      { ...material, requestCert: true, rejectUnauthorized: true },
      answerPing,
    );
    const port = await listen(created, 0);
    const host = { kind: "tcp", host: "127.0.0.1", port } as const;
    const tls = { verify: true, ca: pair.cert, certificate: pair.cert, key: pair.private };
    assert.equal(await ping({ host, tls }), "OK");
    await assert.rejects(ping({ host, tls: { ...tls, ca: undefined } }), { code: /SELF_SIGNED/ });
    assert.equal(await ping({ host, tls: { ...tls, ca: undefined, verify: false } }), "OK");
  });

  it("reaches a remote engine through the ssh program", async () => {
    const path = join(directory, "docker.sock");
    await listen(createServer(answerPing), path);
    // Stands for ssh and the remote `docker system dial-stdio`: joins its own two pipes with the socket.
    const script = `#!${process.execPath}
const { writeFileSync } = require("node:fs");
writeFileSync(${JSON.stringify(join(directory, "arguments"))}, process.argv.slice(2).join(" "));
const socket = require("node:net").connect(${JSON.stringify(path)});
process.stdin.pipe(socket).pipe(process.stdout);
`;
    await writeFile(join(directory, "ssh"), script);
    await chmod(join(directory, "ssh"), 0o755);
    process.env["PATH"] = `${directory}${delimiter}${saved["PATH"]}`;
    const host = { kind: "ssh", user: "root", host: "build", port: undefined } as const;
    assert.equal(await ping({ host, tls: undefined }), "OK");
    const given = await readFile(join(directory, "arguments"), "utf8");
    assert.equal(given, "-o ConnectTimeout=30 -T -l root -- build docker system dial-stdio");
  });

  it("says when there is no ssh program", async () => {
    process.env["PATH"] = directory;
    const host = { kind: "ssh", user: undefined, host: "build", port: undefined } as const;
    await assert.rejects(ping({ host, tls: undefined }), { code: "ENOENT" });
  });

  it("never lets a host become an option of ssh", () => {
    const host = { kind: "ssh", user: "root", host: "-oProxyCommand=evil", port: 22 } as const;
    assert.deepEqual(sshArguments(host).slice(-5), [
      "--",
      host.host,
      "docker",
      "system",
      "dial-stdio",
    ]);
  });

  it("names unusable TLS files of the environment", () => {
    process.env["DOCKER_CERT_PATH"] = directory;
    const host = { kind: "unix", path: "/run/docker.sock" } as const;
    assert.throws(() => connectEngine({ host, tls: undefined }), { code: "CONFIGURATION_INVALID" });
  });
});
