import assert from "node:assert/strict";
import { once } from "node:events";
import { link, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { request } from "node:https";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterEach, before, beforeEach, describe, it } from "mocha";
import type { Listening } from "../../../plugin/api/listening.ts";
import {
  type ApiTcpListen,
  serveApiOnSocket,
  serveApiOverTcp,
} from "../../../plugin/api/serve-api.ts";
import { readTcpListen } from "../../../plugin/api/tcp-listen.ts";
import { callSocket } from "../../../plugin/commands/api-socket.ts";
import { type IssuedLeaf, TestAuthority } from "../../helpers/certificates.ts";

const TOKEN = "0123456789abcdef0123";
const APP: RequestListener = (_request, response) => {
  response.writeHead(200, { "content-type": "application/json" }).end('{"healthy":true}');
};

describe("where the agent's API is offered", () => {
  let directory: string;
  let stop: AbortController;
  let server: Listening | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "docker-mesh-"));
    stop = new AbortController();
  });

  afterEach(async () => {
    stop.abort();
    await server?.closed;
    server = undefined;
    await rm(directory, { recursive: true });
  });

  describe("on its socket", () => {
    const ask = async (path: string): Promise<number> =>
      (await callSocket(path, { method: "GET", path: "/v1/health" }, stop.signal)).status;

    it("answers the owner alone, in a directory of the owner's alone", async () => {
      const path = join(directory, "run/api.sock");
      server = await serveApiOnSocket(APP, path, stop.signal);
      assert.equal(await ask(path), 200);
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      assert.equal((await stat(join(directory, "run"))).mode & 0o777, 0o700);
    });

    it("takes the place of a socket that a predecessor left", async () => {
      const path = join(directory, "api.sock");
      const predecessor = createServer().listen(`${path}.before`);
      await once(predecessor, "listening");
      await link(`${path}.before`, path);
      await predecessor[Symbol.asyncDispose]();
      server = await serveApiOnSocket(APP, path, stop.signal);
      assert.equal(await ask(path), 200);
    });

    it("takes the place of nothing else: a path set by mistake costs no file", async () => {
      const path = join(directory, "policies.json");
      await writeFile(path, "[]");
      await assert.rejects(serveApiOnSocket(APP, path, stop.signal), {
        code: "CONFIGURATION_INVALID",
      });
      assert.equal(await readFile(path, "utf8"), "[]");
    });

    it("changes nothing about files made later", async () => {
      const usual = process.umask();
      server = await serveApiOnSocket(APP, join(directory, "api.sock"), stop.signal);
      assert.equal(process.umask(), usual);
    });

    it("says where no socket can be made", async () => {
      const path = join(directory, "file/api.sock");
      await writeFile(join(directory, "file"), "");
      await assert.rejects(serveApiOnSocket(APP, path, stop.signal), {
        code: "CONFIGURATION_INVALID",
        message: `expected to make the API's socket at ${path} (MESH_API_SOCKET)`,
      });
    });

    it("closes with its signal, a stalled client notwithstanding, and leaves no socket", async () => {
      const path = join(directory, "api.sock");
      server = await serveApiOnSocket(APP, path, stop.signal);
      const stalled = connect(path);
      await once(stalled, "connect");
      stalled.write("GET /v1/health HTTP/1.1\r\n");
      const gone = once(stalled, "close");
      stop.abort();
      await server.closed;
      await gone;
      assert.deepEqual(await readdir(directory), []);
    });
  });

  describe("over TCP", () => {
    let authority: TestAuthority;
    let leaf: IssuedLeaf;

    before(async () => {
      authority = await TestAuthority.create();
      leaf = await authority.issue([{ type: 2, value: "localhost" }]);
    });

    const listen = (changes: Partial<ApiTcpListen> = {}): ApiTcpListen => ({
      ...{ host: "127.0.0.1", port: 0, token: TOKEN },
      ...{ certificate: leaf.certificate, privateKey: leaf.privateKey },
      ...changes,
    });

    async function ask(authorization?: string): Promise<[number, string, string | undefined]> {
      server ??= await serveApiOverTcp(APP, listen(), stop.signal);
      const answered = Promise.withResolvers<[number, string, string | undefined]>();
      const sent = request({
        ...{ host: "127.0.0.1", servername: "localhost", port: server.port, path: "/v1/health" },
        ...{ ca: authority.root, agent: false },
        headers: authorization === undefined ? {} : { authorization },
      });
      sent.once("error", answered.reject).once("response", (response) => {
        void text(response).then((body) =>
          answered.resolve([response.statusCode ?? 0, body, response.headers["www-authenticate"]]),
        );
      });
      sent.end();
      return await answered.promise;
    }

    it("answers over TLS to who bears the token", async () => {
      assert.deepEqual(await ask(`Bearer ${TOKEN}`), [200, '{"healthy":true}', undefined]);
      assert.deepEqual(await ask(`bearer ${TOKEN}`), [200, '{"healthy":true}', undefined]);
    });

    for (const offered of [
      undefined,
      "",
      "Bearer",
      "Bearer ",
      `Bearer ${TOKEN}4`,
      `Bearer ${TOKEN.slice(1)}`,
      `Bearer ${TOKEN} ${TOKEN}`,
      `Basic ${TOKEN}`,
      TOKEN,
    ]) {
      it(`refuses Authorization: ${JSON.stringify(offered)}`, async () => {
        const [status, body, challenge] = await ask(offered);
        assert.deepEqual([status, challenge], [401, "Bearer"]);
        assert.equal(JSON.parse(body).error.code, "UNAUTHORIZED");
        assert.ok(!body.includes(TOKEN));
      });
    }

    it("gives no answer in plaintext", async () => {
      server = await serveApiOverTcp(APP, listen(), stop.signal);
      await assert.rejects(fetch(`http://127.0.0.1:${server.port}/v1/health`));
    });

    for (const [version, accepted] of [
      ["TLSv1.1", false],
      ["TLSv1.2", true],
      ["TLSv1.3", true],
    ] as const) {
      it(`${accepted ? "speaks" : "does not speak"} ${version}`, async () => {
        server = await serveApiOverTcp(APP, listen(), stop.signal);
        const ended = Promise.withResolvers<boolean>();
        const socket: TLSSocket = connectTls({
          ...{ host: "127.0.0.1", port: server.port, servername: "localhost" },
          ...{ ca: authority.root, minVersion: version, maxVersion: version },
          ciphers: "DEFAULT:@SECLEVEL=0",
        });
        socket.once("secureConnect", () => ended.resolve(true));
        socket.once("error", () => ended.resolve(false));
        assert.equal(await ended.promise, accepted);
        socket.destroy();
      });
    }

    it("says which port is taken", async () => {
      server = await serveApiOverTcp(APP, listen(), stop.signal);
      const { port } = server;
      await assert.rejects(serveApiOverTcp(APP, listen({ port }), stop.signal), {
        code: "PORT_IN_USE",
        message: `expected port ${port} on 127.0.0.1 to be free, found another process listening there: stop it, or set MESH_API_LISTEN to another address`,
      });
    });

    it("refuses an address that is not this machine's", async () => {
      await assert.rejects(serveApiOverTcp(APP, listen({ host: "192.0.2.1" }), stop.signal), {
        code: "CONFIGURATION_INVALID",
      });
    });

    it("refuses a key that is not the certificate's", async () => {
      const { privateKey } = await authority.issue([]);
      await assert.rejects(serveApiOverTcp(APP, listen({ privateKey }), stop.signal), {
        code: "CONFIGURATION_INVALID",
        message: /^expected MESH_API_TLS_CERT and MESH_API_TLS_KEY to hold a certificate/,
      });
    });
  });

  describe("the files for TCP", () => {
    async function read(token: string): Promise<ApiTcpListen> {
      const path = (name: string): string => join(directory, name);
      for (const [name, content] of [
        ["crt", "c"],
        ["key", "k"],
        ["token", token],
      ] as const) {
        await writeFile(path(name), content);
      }
      return await readTcpListen({
        ...{ host: "::", port: 1, certificateFile: path("crt"), keyFile: path("key") },
        tokenFile: path("token"),
      });
    }

    it("are read, the token without the newline at its end", async () => {
      assert.deepEqual(await read(`${TOKEN}\n`), {
        ...{ host: "::", port: 1, certificate: "c", privateKey: "k", token: TOKEN },
      });
    });

    for (const token of ["", "\n", "0123456789abcde", "0123456789 abcdef", "0123456789abcdeé"]) {
      it(`refuse the token ${JSON.stringify(token)}`, async () => {
        await assert.rejects(read(token), {
          code: "CONFIGURATION_INVALID",
          message: /^MESH_API_TOKEN_FILE: expected a token of at least 16 printable characters/,
        });
      });
    }

    it("say which of them is missing", async () => {
      const path = join(directory, "none");
      await assert.rejects(
        readTcpListen({
          host: "::",
          port: 1,
          certificateFile: path,
          keyFile: path,
          tokenFile: path,
        }),
        {
          code: "CONFIGURATION_INVALID",
          message: `MESH_API_TLS_CERT: expected a file that can be read at ${path}`,
        },
      );
    });
  });
});
