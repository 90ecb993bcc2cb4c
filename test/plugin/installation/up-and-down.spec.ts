import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { Interruption } from "../../../plugin/commands/interruption.ts";
import { eventually } from "../../helpers/eventually.ts";
import { PROJECT, partOfMesh, Stage, type StagedContainer } from "./stage.ts";

const SIDECAR: StagedContainer = {
  name: "shop-web-1.mesh-1",
  labels: { "docker-mesh.role": "sidecar" },
};
const VERSION = "compose version --short";
const UP = "compose --project-name mesh up --detach --wait --wait-timeout 120";

describe("docker mesh up and down", () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await Stage.open();
  });
  afterEach(() => stage[Symbol.asyncDispose]());

  describe("up", () => {
    it("leaves what there is to be done to Compose, with the compose file of this version", async () => {
      stage.containers = [partOfMesh("agent")];
      const { code, output, error } = await stage.run("mesh up");
      assert.deepEqual([code, error], [0, ""]);
      assert.match(output, /^The mesh is up, with the catalog consul\./);
      assert.deepEqual(await stage.calls(), [VERSION, UP]);
    });

    it("goes without Consul when told to", async () => {
      stage.containers = [partOfMesh("agent")];
      const { output } = await stage.run("mesh up --catalog embedded --console-port 9000");
      assert.match(output, /with the catalog embedded/);
      assert.deepEqual(await stage.calls(), [VERSION, `${UP} --scale consul=0`]);
      const { MESH_CATALOG, MESH_CONSOLE_PORT, MESH_INSTALLED_BY } = await stage.variables();
      assert.deepEqual(
        [MESH_CATALOG, MESH_CONSOLE_PORT, MESH_INSTALLED_BY],
        ["embedded", "9000", "user"],
      );
    });

    it("keeps what is not said: as it was made, unless the environment says otherwise", async () => {
      const env = [
        "PATH=/bin",
        "MESH_CATALOG=embedded",
        "MESH_LOG_LEVEL=debug",
        "MESH_ROOT_AGE=1h",
      ];
      stage.containers = [
        partOfMesh("agent", { env, image: "mine", published: { "8600/tcp": "9600" } }),
        partOfMesh("consul", { image: "theirs", published: { "8500/tcp": "9500" } }),
      ];
      assert.equal((await stage.run("mesh up", { MESH_LOG_LEVEL: "warn" })).code, 0);
      const { MESH_IMAGE, MESH_CONSUL_IMAGE, MESH_CONSUL_PORT, ...more } = await stage.variables();
      assert.deepEqual(
        [MESH_IMAGE, MESH_CONSUL_IMAGE, MESH_CONSUL_PORT],
        ["mine", "theirs", "9500"],
      );
      const { MESH_CATALOG, MESH_LOG_LEVEL, MESH_CONSOLE_PORT } = more;
      assert.deepEqual(
        [MESH_CATALOG, MESH_LOG_LEVEL, MESH_CONSOLE_PORT],
        ["embedded", "warn", "9600"],
      );
      assert.equal("PATH" in more, false);
    });

    it("tells the agent the engine's socket, and Compose nothing of the folder's own project", async () => {
      stage.containers = [partOfMesh("agent")];
      await stage.run("mesh up", { COMPOSE_PROJECT_NAME: "shop", COMPOSE_FILE: "/shop.yaml" });
      const variables = await stage.variables();
      assert.equal(variables["MESH_DOCKER_SOCKET_DIRECTORY"], stage.directory);
      assert.equal(variables["MESH_DOCKER_SOCKET_NAME"], "engine.sock");
      assert.deepEqual(
        Object.keys(variables).filter((name) => name.startsWith("COMPOSE")),
        [],
      );
    });

    it("passes on which engine is meant", async () => {
      stage.containers = [partOfMesh("agent")];
      await stage.run(`-H unix://${stage.directory}/engine.sock mesh up`, { DOCKER_HOST: "" });
      const [first] = await stage.calls();
      assert.equal(first, `--host=unix://${stage.directory}/engine.sock ${VERSION}`);
    });

    it("takes everything away again where nothing was and it does not come up", async () => {
      const { code, error } = await stage.run("mesh up", { MESH_TEST_UP: "1" });
      assert.deepEqual([code, error], [1, "the mesh did not come up: see above\n"]);
      assert.deepEqual((await stage.calls()).slice(2), [
        "compose --progress plain --project-name mesh down --timeout 5 --volumes",
      ]);
    });

    it("takes everything away again where its user interrupts it", async () => {
      const interrupted = new AbortController();
      const running = stage.run("mesh up", { MESH_TEST_UP: "hang" }, interrupted.signal);
      await eventually(async () => assert.equal((await stage.calls()).at(-1), UP));
      interrupted.abort(new Interruption("stopped by SIGINT", 130));
      assert.deepEqual(await running, { code: 130, output: "", error: "" });
      assert.match((await stage.calls()).at(-1) ?? "", / down --timeout 5 --volumes$/);
    });

    it("leaves a mesh that was there as it is when it does not come up changed", async () => {
      stage.containers = [partOfMesh("consul")];
      assert.equal((await stage.run("mesh up", { MESH_TEST_UP: "1" })).code, 1);
      assert.deepEqual(await stage.calls(), [VERSION, UP]);
    });
  });

  describe("down", () => {
    const DOWN = "compose --project-name mesh down";

    it("lets all applications go first, and waits until they have", async () => {
      stage.containers = [partOfMesh("agent"), SIDECAR];
      stage.answers = [2, 1, 0].map((attached) => ({ status: 200, body: { attached, due: 0 } }));
      const { code, output, error } = await stage.run("mesh down");
      assert.deepEqual([code, error], [0, ""]);
      assert.equal(
        output,
        "The mesh is gone; applications go on without it. Its volumes stay: `docker mesh down --volumes` removes them, too.\n",
      );
      assert.equal(stage.answers[0]?.body instanceof Object && stage.answers.length, 1);
      assert.deepEqual(await stage.calls(), [VERSION, DOWN]);
    });

    it("forgets which Compose projects had asked for the mesh", async () => {
      stage.containers = [partOfMesh("agent")];
      stage.volumes.set("docker-mesh-asked-by-shop", { "docker-mesh.asked-by": "shop" });
      assert.equal((await stage.run("mesh down")).code, 0);
      assert.deepEqual([...stage.volumes.keys()], []);
    });

    it("removes volumes when told to, also those of a mesh that is gone", async () => {
      stage.volumes.set("mesh_consul", { [PROJECT]: "mesh" });
      const { output } = await stage.run("mesh down -v");
      assert.equal(output, "The mesh is gone; applications go on without it.\n");
      assert.deepEqual(await stage.calls(), [VERSION, `${DOWN} --volumes`]);
    });

    it("has nothing to do where nothing is, without Compose, too", async () => {
      stage.volumes.set("mesh_consul", { [PROJECT]: "mesh" });
      const { code, output } = await stage.run("mesh down", { MESH_TEST_COMPOSE_EXIT: "1" });
      assert.deepEqual([code, output], [0, "There is no mesh on this engine.\n"]);
      assert.deepEqual(await stage.calls(), []);
    });

    it("starts the agent of a mesh that stands still, since sidecars are left that only it lets go", async () => {
      stage.containers = [partOfMesh("agent", { state: "exited" }), SIDECAR];
      await stage.run("mesh down");
      assert.deepEqual((await stage.calls()).slice(0, 2), [
        VERSION,
        "compose --project-name mesh up --detach --no-deps --wait --wait-timeout 60 launcher agent",
      ]);
    });
  });

  const ALONE = "expected no other mesh on this engine, found the agent";
  const WRONG: readonly {
    readonly title: string;
    readonly line: string;
    readonly containers?: readonly StagedContainer[];
    readonly environment?: Readonly<Record<string, string>>;
    readonly apiVersion?: string;
    readonly answer?: { readonly status: number; readonly body: unknown };
    readonly error: RegExp;
  }[] = [
    {
      title: "an engine that is not reachable",
      line: "-H unix:///nowhere/docker.sock mesh up",
      error: /^cannot reach the engine at unix:\/\/\/nowhere\/docker\.sock \(is it running\?\)/,
    },
    {
      title: "an engine that is too old",
      line: "mesh up",
      apiVersion: "1.40",
      error: /^expected a Docker Engine with API 1\.41 \(20\.10\) or newer, found API 1\.40/,
    },
    {
      title: "no Compose",
      line: "mesh up",
      environment: { MESH_TEST_COMPOSE_EXIT: "1", MESH_TEST_COMPOSE: "" },
      error:
        /^expected Docker Compose 2\.20 or newer as `docker compose`, found none: install Docker's package/,
    },
    {
      title: "an old Compose",
      line: "mesh up",
      environment: { MESH_TEST_COMPOSE: "v2.19.1" },
      error: /^expected Docker Compose 2\.20 or newer as `docker compose`, found 2\.19\.1: /,
    },
    {
      title: "no docker command",
      line: "mesh up",
      environment: { PATH: "/nowhere" },
      error: /^expected the docker command in PATH: install Docker's command line/,
    },
    {
      title: "the mesh of a swarm",
      line: "mesh up",
      containers: [
        {
          name: "mesh_agent.1",
          labels: { "docker-mesh.role": "agent", "com.docker.stack.namespace": "mesh" },
        },
      ],
      error: new RegExp(
        `^${ALONE} mesh_agent.1 of the stack mesh: \`docker mesh down --swarm\` on a manager`,
      ),
    },
    {
      title: "a mesh of another name, also to be removed",
      line: "mesh down",
      containers: [partOfMesh("agent", { name: "my-agent-1", labels: { [PROJECT]: "my" } })],
      error: new RegExp(`^${ALONE} my-agent-1 of my: MESH_PROJECT_NAME=my says`),
    },
    {
      title: "somebody else's project of the same name",
      line: "mesh up",
      containers: [
        { name: "mesh-web-1", labels: { [PROJECT]: "mesh", "com.docker.compose.service": "web" } },
      ],
      error:
        /^expected the Compose project "mesh" to be the mesh's, found mesh-web-1 in it: choose another name with MESH_PROJECT_NAME/,
    },
    {
      title: "a name that Compose does not take",
      line: "mesh up",
      environment: { MESH_PROJECT_NAME: "My Mesh" },
      error: /^MESH_PROJECT_NAME: expected lower-case letters, .*, got "My Mesh"/,
    },
    {
      title: "half a mesh: sidecars without an agent",
      line: "mesh down",
      containers: [SIDECAR],
      error:
        /^1 sidecar would be left behind, since no agent runs that could let go of them: `docker mesh up` first/,
    },
    {
      title: "an agent of an earlier version, which does not let go",
      line: "mesh down",
      containers: [partOfMesh("agent"), SIDECAR],
      answer: { status: 404, body: { error: { code: "NOT_FOUND", message: "no path" } } },
      error: /^the agent is older than this command and cannot let go of its sidecars: /,
    },
    {
      title: "a catalog that does not exist",
      line: "mesh up --catalog etcd",
      error: /^invalid argument "etcd" for --catalog: expected consul or embedded\n/,
    },
    {
      title: "a port that is none",
      line: "mesh up --console-port 70000",
      error: /^invalid argument "70000" for --console-port: expected a number from 1 to 65535\n/,
    },
    { title: "an argument", line: "mesh down all", error: /^"docker mesh down" accepts no arg/ },
  ];
  describe("says in one line what is wrong, and changes nothing, with", () => {
    for (const { title, line, containers, environment, apiVersion, answer, error } of WRONG) {
      it(title, async () => {
        stage.containers = [...(containers ?? [])];
        stage.apiVersion = apiVersion ?? stage.apiVersion;
        stage.answers = answer === undefined ? [] : [answer];
        const end = await stage.run(line, environment);
        assert.equal(end.code, 1);
        assert.match(end.error, error);
        assert.equal(end.output, "");
        const changes = (await stage.calls()).filter((call) => !call.endsWith(VERSION));
        assert.deepEqual(changes, []);
      });
    }
  });
});
