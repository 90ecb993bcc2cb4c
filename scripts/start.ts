// `npm start`: from a machine with node, npm and apt to a running mesh with its demo, proven and explained.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { SetupError } from "./command.ts";
import { ensureEngine, type ReadyEngine } from "./engine/ensure.ts";
import { type Images, prepareImages } from "./images/prepare.ts";
import { makeLink } from "./links.ts";
import { main } from "./main.ts";
import { type PublishedPort, publishedPorts, requireFreePorts } from "./mesh/ports.ts";
import { bringUp, demoProject, meshProject, socketEnvironment } from "./mesh/projects.ts";
import { proveRequests, renderSummary } from "./mesh/proof.ts";
import { untilReady } from "./mesh/ready.ts";
import { Progress } from "./progress.ts";
import { readSettings, type Settings } from "./settings.ts";

interface StartOptions {
  readonly catalog: "consul" | "embedded";
  readonly demo: boolean;
}

const settings = readSettings("mesh");
const progress = new Progress();

await main(async () => {
  const options = readOptions(process.argv.slice(2));
  const ports = publishedPorts(process.env);
  const engine = await ensureEngine(settings, progress);
  await requireFreePorts(wantedPorts(options), [
    meshProject(settings).name,
    demoProject(settings).name,
  ]);
  const wanted = { consul: options.catalog === "consul", demo: options.demo, testTools: false };
  const images = await prepareImages(settings, progress, wanted);
  const catalog = images.consul === undefined ? "embedded" : "consul";
  if (catalog !== options.catalog) {
    progress.say(
      "Consul can be had in no way here: going on with the embedded catalog, for this node only",
    );
  }
  await linkPlugin(settings);
  await installMesh(engine, images, catalog);
  if (options.demo) await startDemo(images);
  await report(ports, catalog, options.demo);
});

function readOptions(words: readonly string[]): StartOptions {
  const { values } = parseArgs({
    args: [...words],
    options: { catalog: { type: "string" }, "no-demo": { type: "boolean" } },
  });
  const catalog = values.catalog ?? "consul";
  if (catalog !== "consul" && catalog !== "embedded") {
    throw new SetupError(
      `expected --catalog consul or --catalog embedded, got ${JSON.stringify(catalog)}`,
    );
  }
  return { catalog, demo: values["no-demo"] !== true };
}

function wantedPorts({ catalog, demo }: StartOptions): readonly PublishedPort[] {
  const { shop, consul, console: page } = publishedPorts(process.env);
  return [page, ...(demo ? [shop] : []), ...(catalog === "consul" ? [consul] : [])];
}

/** Makes `docker mesh` work. */
async function linkPlugin({ state, project, dockerConfiguration }: Settings): Promise<void> {
  const path = join(dockerConfiguration, "cli-plugins/docker-mesh");
  await makeLink(state, path, join(project, "plugin/docker-mesh"));
}

async function installMesh(
  engine: ReadyEngine,
  images: Images,
  catalog: StartOptions["catalog"],
): Promise<void> {
  const environment = {
    ...(await socketEnvironment(engine.socket)),
    MESH_IMAGE: images.mesh,
    MESH_CATALOG: catalog,
    ...(images.consul === undefined ? {} : { MESH_CONSUL_IMAGE: images.consul }),
  };
  await progress.step(
    catalog === "consul" ? "Consul and the agent" : "the agent",
    async () =>
      await bringUp(
        settings,
        meshProject(settings),
        environment,
        catalog === "consul" ? [] : ["agent"],
      ),
  );
}

async function startDemo({ demo, redis }: Images): Promise<void> {
  const environment = {
    ...(demo === undefined ? {} : { MESH_DEMO_IMAGE: demo }),
    ...(redis === undefined ? {} : { MESH_REDIS_IMAGE: redis }),
  };
  await progress.step(
    "the demo shop",
    async () => await bringUp(settings, demoProject(settings), environment),
  );
}

async function report(
  { shop, consul, console: own }: ReturnType<typeof publishedPorts>,
  catalog: StartOptions["catalog"],
  demo: boolean,
): Promise<void> {
  const page = `http://127.0.0.1:${shop.port}/`;
  const projects = demo ? [demoProject(settings).name] : [];
  await progress.step(
    "waiting until all is healthy",
    async ({ note }) => await untilReady({ projects }, note),
  );
  const lines = [""];
  if (demo) {
    const status = await progress.step(
      "requests through the mesh",
      async () => await proveRequests(page),
    );
    lines.push(renderSummary(status), `Shop page   ${page}`);
  }
  lines.push(`Console     http://127.0.0.1:${own.port}/ (docker mesh dashboard shows the token)`);
  if (catalog === "consul") lines.push(`Consul UI   http://127.0.0.1:${consul.port}/ui`);
  lines.push("", "See it: docker mesh status", "Stop it: npm stop");
  console.log(lines.join("\n"));
}
