// `npm run release`: everything that a release consists of, in the folder release/, with checksums. docs/release.md says what it is.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { attempt, run } from "./command.ts";
import { docker } from "./engine/docker.ts";
import { archivePrograms } from "./images/archive.ts";
import { BILL, bundlePrograms } from "./images/bundle.ts";
import { prepareImages } from "./images/prepare.ts";
import { main } from "./main.ts";
import { Progress } from "./progress.ts";
import { readSettings, type Settings } from "./settings.ts";

const progress = new Progress();

await main(async () => {
  const settings = readSettings("mesh");
  const { project, tag: version } = settings;
  const folder = join(project, "release");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  const artefact = (ending: string): string => join(folder, `docker-mesh-${version}${ending}`);
  await tellUnreleased(project, version);
  if ((await attempt("docker", ["version"])).code === 0) await saveImage(settings, artefact);
  else {
    await archivePrograms(await bundlePrograms(project, settings.cache));
    console.log("  no Docker Engine answers, so there is no image in this release");
  }
  await progress.step("npm package", () =>
    run("npm", ["pack", "--pack-destination", folder], { cwd: project }),
  );
  await copyFile(join(project, "dist", BILL), artefact(".cdx.json"));
  await writeFile(join(folder, "SHA256SUMS"), await checksums(folder));
  console.log(`\n${await readFile(join(folder, "SHA256SUMS"), "utf8")}`);
});

/** Says it, and goes on: what is tried out must be made in the same way. */
async function tellUnreleased(project: string, version: string): Promise<void> {
  const changes = await readFile(join(project, "CHANGELOG.md"), "utf8");
  if (changes.includes(`## ${version} (unreleased)`))
    console.log(`  CHANGELOG.md calls ${version} unreleased: for a release, write its date there`);
}

/** The image, and beside it what can be compared: its own id has the time in it at which it was built. */
async function saveImage(settings: Settings, artefact: (ending: string) => string): Promise<void> {
  const wanted = { consul: false, demo: false, testTools: false };
  const { mesh } = await prepareImages(settings, progress, wanted);
  const format = "{{range .RootFS.Layers}}{{println .}}{{end}}";
  const layers = await docker(["image", "inspect", "--format", format, mesh]);
  await writeFile(artefact("-image.layers"), `${layers.trim()}\n`);
  await progress.step("image as a file", async () => {
    const saved = artefact("-image.tar");
    await docker(["save", "--output", saved, mesh]);
    await pipeline(createReadStream(saved), createGzip(), createWriteStream(`${saved}.gz`));
    await rm(saved);
  });
}

/** As `sha256sum --check` reads them. */
async function checksums(folder: string): Promise<string> {
  const names = (await readdir(folder)).toSorted();
  const lines = names.map(async (name) => {
    const hash = createHash("sha256");
    for await (const piece of createReadStream(join(folder, name))) hash.update(piece as Buffer);
    return `${hash.digest("hex")}  ${name}\n`;
  });
  return (await Promise.all(lines)).join("");
}
