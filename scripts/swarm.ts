// `npm run swarm -- up 3 | status | down`: a real Docker swarm on this machine to play with.
import { parseArgs } from "node:util";
import { SetupError } from "./command.ts";
import { ensureEngine } from "./engine/ensure.ts";
import { prepareImages } from "./images/prepare.ts";
import { main } from "./main.ts";
import { Progress } from "./progress.ts";
import { readSettings } from "./settings.ts";
import { deployPlayground } from "./swarm/playground.ts";
import { missingForSwarm } from "./swarm/requirements.ts";
import { siteOf } from "./swarm/site.ts";
import { openSwarm, removeSwarm, type Step, startSwarm } from "./swarm/swarm.ts";
import { describeNodes, describeUse } from "./swarm/words.ts";
import { interruptible } from "./testing/interruptible.ts";

const USAGE = "npm run swarm -- up [nodes] [--managers 1|3] | status | down";
const NODES = "3";

const settings = readSettings("mesh");
const site = siteOf(settings, "mesh");
const progress = new Progress();

await main(async () => {
  const { positionals, values } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: { managers: { type: "string", default: "1" } },
  });
  const [command, nodes = NODES, ...others] = positionals;
  if (others.length > 0) throw new SetupError(`expected ${USAGE}`);
  await requireMachine();
  if (command === "up") await interruptibly(Number(nodes), Number(values.managers));
  else if (command === "status") await status();
  else if (command === "down") await down();
  else throw new SetupError(`expected ${USAGE}, found ${command ?? "nothing"}`);
});

async function requireMachine(): Promise<void> {
  const missing = await missingForSwarm();
  if (missing !== undefined) throw new SetupError(missing);
}

/** An interrupted start takes back what it has made, and is waited for. */
async function interruptibly(nodes: number, managers: number): Promise<void> {
  let ended = Promise.resolve();
  const start = async (signal: AbortSignal): Promise<void> => {
    const work = up(nodes, managers, signal);
    ended = work.catch(() => undefined);
    await work;
  };
  await interruptible(start, async () => await ended);
}

async function up(nodes: number, managers: number, signal: AbortSignal): Promise<void> {
  if ((await openSwarm(site)) !== undefined) {
    throw new SetupError(
      "expected no swarm to be up; see it with `status`, or take it `down` first",
    );
  }
  // Left over from working with an earlier swarm: images are made on the machine's own engine.
  if (process.env["DOCKER_HOST"]?.includes(site.directory)) delete process.env["DOCKER_HOST"];
  const engine = await ensureEngine(settings, progress);
  signal.throwIfAborted();
  const wanted = { consul: true, demo: true, testTools: false };
  const prepared = await prepareImages(settings, progress, wanted);
  signal.throwIfAborted();
  const { mesh, consul, redis, demo } = prepared;
  const images = [mesh, consul, redis, demo].filter((image) => image !== undefined);
  const plan = { nodes, managers, images, imageSource: engine.socket, ends: false };
  const step: Step = async (title, work) => await progress.step(title, work);
  const swarm = await startSwarm(site, plan, signal, step);
  try {
    await deployPlayground(swarm, prepared, signal, step);
  } catch (error) {
    await removeSwarm(site);
    throw error;
  }
  console.log(describeUse(swarm.nodes));
}

async function status(): Promise<void> {
  const swarm = await openSwarm(site);
  console.log(swarm === undefined ? "No swarm is up." : await describeNodes(swarm.nodes));
}

async function down(): Promise<void> {
  await progress.step("taking the swarm away", async () => await removeSwarm(site));
  console.log("The swarm is gone. Its images stay on the machine's engine until `npm stop`.");
}
