// How applications and their sidecars begin and end: what waits for whom, and what is left of either.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { ComposeProject, echoService, sidecarsOf } from "../helpers/project.ts";

const PROJECT = "mesh-test-start-up";
const PORT = { "mesh.enable": "true", "mesh.port": "9" };
const HOLD = { ...PORT, "mesh.hold": "true" };

/** Calls first of all and tells the status; then `act` is done with it. */
const callFirst = (act: string): string => `
const act = (status) => { console.log(status); ${act} };
require("node:http").get("http://orders:8080/", (r) => act(r.statusCode)).on("error", (e) => act(e.code));
`;
const EXIT = callFirst("process.exit(status === 200 ? 7 : 8)");
const STAY = callFirst("setInterval(() => {}, 1000)");
/** Fails twice, as a program does that its engine starts again. */
const FAIL_TWICE = callFirst(`
const fs = require("node:fs");
fs.appendFileSync("/tmp/calls", status + " ");
if (fs.readFileSync("/tmp/calls", "utf8").split(" ").length < 4) process.exit(1);
setInterval(() => {}, 1000);
`);

function caller(
  labels: Readonly<Record<string, string>>,
  script: string,
  more: object = {},
): object {
  return echoService(labels, { command: ["node", "-e", script], ...more });
}

describe("start-up", () => {
  let mesh: Mesh;
  let project: ComposeProject;

  const state = async (service: string, field: string): Promise<string> => {
    const [id] = await project.containersOf(service);
    return await docker("inspect", "--format", `{{.State.${field}}}`, String(id));
  };
  const untilPaused = (service: string, paused: boolean): Promise<void> =>
    eventually(async () => assert.equal(await state(service, "Paused"), String(paused)), {
      timeout: 20_000,
    });
  const printed = async (service: string): Promise<string> => {
    const [id] = await project.containersOf(service);
    return await docker("logs", String(id));
  };
  /** Runs the service once, as a job, and gives its exit code. */
  const run = async (service: string): Promise<number> => {
    try {
      await project.compose("run", "--rm", "-T", service);
      return 0;
    } catch (error) {
      return (error as { code: number }).code;
    }
  };
  /** The names of the containers that share a namespace with one of the project, init containers included. */
  const beside = async (): Promise<string[]> => {
    const names = await docker(
      "ps",
      "-a",
      "--format",
      "{{.Names}}",
      "--filter",
      `name=${PROJECT}-`,
    );
    return names.split("\n").filter((name) => name.includes(".mesh-"));
  };
  const inConsul = async (): Promise<string[]> => {
    const response = await fetch(`${mesh.consulAddress}/v1/agent/services`);
    return Object.keys((await response.json()) as object).filter((id) => id.includes(PROJECT));
  };
  const written = async (): Promise<string> =>
    await docker("exec", await mesh.containerOf("agent"), "ls", "/var/lib/mesh/held");

  before(async () => {
    mesh = await Mesh.start();
    project = await ComposeProject.up(PROJECT, {
      services: {
        orders: echoService({ "mesh.enable": "true", "mesh.port": "8080", "mesh.mtls": "strict" }),
        eager: caller(PORT, EXIT, { scale: 0 }),
        job: caller({ ...HOLD, "mesh.check": "none" }, EXIT, { scale: 0 }),
        stubborn: caller(HOLD, FAIL_TWICE, { restart: "on-failure", scale: 0 }),
        late: caller(HOLD, STAY, { scale: 0 }),
      },
    });
    await mesh.untilReady({ [`${PROJECT}-orders`]: 1 });
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  it("lets a job that does not wait call before its sidecar is there, in vain", async () => {
    assert.equal(await run("eager"), 8);
  });

  it("lets a job that waits call from its first instruction on, ten times of ten, and keeps its exit code", async () => {
    const codes: number[] = [];
    for (let count = 0; count < 10; count += 1) codes.push(await run("job"));
    assert.deepEqual(codes, Array(10).fill(7));
  });

  it("leaves nothing of jobs that have ended", async () => {
    await eventually(
      async () => {
        assert.equal((await beside()).length, 1);
        assert.equal(await written(), "");
      },
      { timeout: 10_000 },
    );
    assert.ok((await inConsul()).every((id) => id.includes("-orders-")));
  });

  it("holds an application at each of its restarts, with a new sidecar each time", async () => {
    await project.compose("up", "-d", "--no-deps", "--scale", "stubborn=1", "stubborn");
    await eventually(
      async () => assert.equal(await project.exec("stubborn", "cat", "/tmp/calls"), "200 200 200"),
      { timeout: 30_000 },
    );
    const [stubborn] = await project.containersOf("stubborn");
    await eventually(async () => assert.equal((await sidecarsOf(String(stubborn))).length, 1));
  });

  describe("while Consul is away, and a new service gets no certificate", () => {
    before(async () => {
      await mesh.compose("stop", "consul");
      await docker("pause", String((await project.containersOf("stubborn"))[0]));
      await project.compose("up", "-d", "--no-deps", "--scale", "late=1", "late");
      await untilPaused("late", true);
    });

    it("stops what waits when it is told to", async () => {
      await project.compose("stop", "late");
      assert.equal(await state("late", "Status"), "exited");
      await project.compose("start", "late");
      await untilPaused("late", true);
    });

    it("lets run what an agent that was killed had paused, and leaves what the user has paused", async () => {
      const agent = await mesh.containerOf("agent");
      await docker("kill", agent);
      await mesh.compose("start", "consul");
      assert.equal(await state("late", "Paused"), "true");
      await docker("start", agent);
      await untilPaused("late", false);
      await eventually(async () => assert.equal(await printed("late"), "200"));
      assert.equal(await state("stubborn", "Paused"), "true");
    });
  });

  describe("as compose is told more", () => {
    it("touches no sidecar when nothing changes, and has as many as there are copies", async () => {
      const copies = async (count: number): Promise<string[]> => {
        await project.compose("up", "-d", "--no-deps", "--scale", `orders=${count}`, "orders");
        await mesh.untilReady({ [`${PROJECT}-orders`]: count });
        return await beside();
      };
      const one = await copies(1);
      assert.deepEqual(await copies(1), one);
      assert.equal((await copies(3)).length, one.length + 2);
      const [first] = await project.containersOf("orders");
      await docker("rm", "-f", String(first));
      await eventually(async () => assert.equal((await beside()).length, one.length + 1));
      await copies(1);
      await eventually(async () => assert.equal((await beside()).length, one.length));
    });

    it("leaves nothing of services, projects and networks that are removed", async () => {
      await project.compose("rm", "-s", "-f", "late");
      await eventually(async () =>
        assert.ok((await beside()).every((name) => !name.includes("-late-"))),
      );
      await project.compose("down", "--timeout", "2");
      assert.equal(await docker("network", "ls", "-q", "--filter", `name=${PROJECT}_`), "");
      await eventually(
        async () => {
          assert.deepEqual(await beside(), []);
          assert.deepEqual(await inConsul(), []);
          assert.deepEqual((await mesh.status()).workloads, []);
        },
        { timeout: 20_000 },
      );
      assert.equal(await written(), "");
    });
  });
});
