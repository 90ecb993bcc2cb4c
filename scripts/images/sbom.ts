// What is in the programs of a release, as CycloneDX tells it (https://cyclonedx.org/docs/1.6/json/): every npm package of which
// something is in them, with version, licence and the hash that the lockfile has. Nothing of the moment at which it was made.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Inventory } from "./inventory.ts";
import { licenceOf, readLock } from "./licences.ts";

/** Throws for a package that the lockfile does not have. */
export function softwareBill(project: string, inventory: Inventory): string {
  const { name, version } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
  };
  const lock = readLock(project);
  const components = [...inventory].map(([folder, programs]) => {
    const locked = lock.get(folder);
    if (locked?.version === undefined) throw new Error(`expected ${folder} in package-lock.json`);
    const packageName = folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
    const licence = licenceOf(project, folder, locked);
    return {
      ...{ type: "library", name: packageName, version: locked.version },
      "bom-ref": folder,
      purl: `pkg:npm/${packageName.replace("@", "%40")}@${locked.version}`,
      ...(licence === undefined ? {} : { licenses: [{ expression: licence }] }),
      hashes: hashesOf(locked.integrity),
      properties: programs.map((value) => ({ name: "docker-mesh:program", value })),
    };
  });
  const own = { type: "application", name, version, "bom-ref": name };
  const bill = {
    ...{ bomFormat: "CycloneDX", specVersion: "1.6", version: 1 },
    metadata: { component: own },
    components,
    dependencies: [{ ref: name, dependsOn: components.map((each) => each["bom-ref"]) }],
  };
  return `${JSON.stringify(bill, undefined, 2)}\n`;
}

/** `sha512-<base64>` in hexadecimal digits. */
function hashesOf(integrity: string | undefined): readonly object[] {
  const [, content] = /^sha512-([A-Za-z0-9+/=]+)$/.exec(integrity ?? "") ?? [];
  if (content === undefined) return [];
  return [{ alg: "SHA-512", content: Buffer.from(content, "base64").toString("hex") }];
}
