// Live requests of real sidecars, as `docker mesh tap` shows them.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import type { TappedRequest } from "../../plugin/tap/tap-event.ts";
import { docker, meshCommand } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { ComposeProject, echoService } from "../helpers/project.ts";
import { RunningCommand } from "../helpers/running-command.ts";

const PROJECT = "mesh-test-tap";
const WEB = `${PROJECT}-web`;
const ORDERS = `${PROJECT}-orders`;

describe("docker mesh tap", () => {
  let mesh: Mesh;
  let project: ComposeProject;
  let tap: RunningCommand | undefined;

  before(async () => {
    mesh = await Mesh.start();
    const services = {
      web: echoService({ "mesh.enable": "true" }),
      orders: echoService({ "mesh.enable": "true" }),
    };
    project = await ComposeProject.up(PROJECT, { services });
    await mesh.untilReady({ [WEB]: 1, [ORDERS]: 1 });
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  afterEach(async () => {
    await tap?.[Symbol.asyncDispose]();
    await untilNobodyLooks();
  });

  const ask = (path: string): Promise<{ status: number }> =>
    project.fetch("web", `http://orders:8080${path}`);

  const start = async (...args: readonly string[]): Promise<RunningCommand> => {
    tap = new RunningCommand("tap", ...args);
    await eventually(async () => assert.equal((await lookers()).length, 1), { interval: 200 });
    return tap;
  };

  /** What runs in the agent's container for those who look. */
  async function lookers(): Promise<readonly string[]> {
    const processes = await docker("top", await mesh.containerOf("agent"), "-eo", "pid,args");
    return processes.split("\n").filter((line) => line.includes("request --stream"));
  }

  const untilNobodyLooks = (): Promise<void> =>
    eventually(async () => assert.deepEqual(await lookers(), []), { interval: 200 });

  it("shows each request once, as it passes, until interrupted", async () => {
    const running = await start("orders");
    await eventually(async () => {
      assert.equal((await ask("/seen?token=s3cret")).status, 200);
      assert.match(running.output, new RegExp(`${WEB} → ${ORDERS} +GET +/seen +200 `));
    });
    await ask("/once");
    await eventually(() => assert.match(running.output, /\/once/));
    assert.equal(running.output.split("/once").length, 2, running.output);
    assert.ok(!running.output.includes("s3cret"));
    assert.equal(await running.stop("SIGINT"), 130);
    assert.equal(running.error, "");
  });

  it("shows who was refused, and why, when only failures are asked for", async () => {
    await meshCommand("policy", "set", ORDERS, "deny=web");
    const running = await start("orders", "--failed", "--from", "web");
    await eventually(async () => {
      await ask("/refused");
      assert.match(running.output, /\/refused +403 +[\d.]+ms +ACCESS_DENIED: deny\n/);
    });
    await meshCommand("policy", "unset", ORDERS, "deny");
    await eventually(async () => assert.equal((await ask("/")).status, 200));
    assert.doesNotMatch(running.output, / 200 /);
  });

  it("gives JSON of both ends where that is asked for, and ends by itself", async () => {
    const running = await start(
      "orders",
      "--format=json",
      "--both-ends",
      "--count=2",
      "--path=/both",
    );
    await eventually(async () => {
      await ask("/both");
      assert.notEqual(running.output.trim().split("\n").length, 1);
    });
    assert.equal(await running.end(), 0);
    const requests = running.output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as TappedRequest);
    const [source] = requests.filter(({ reporter }) => reporter === "source");
    const [destination] = requests.filter(({ reporter }) => reporter === "destination");
    for (const told of [source, destination]) {
      assert.deepEqual([told?.source, told?.destination], [WEB, ORDERS]);
      assert.deepEqual([told?.method, told?.path, told?.status], ["GET", "/both", 200]);
    }
    assert.deepEqual([source?.repeated, destination?.repeated], [false, true]);
  });

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    it(`leaves nothing running in the agent's container when it gets ${signal}`, async () => {
      const running = await start("orders");
      await running.stop(signal);
      await untilNobodyLooks();
    });
  }
});
