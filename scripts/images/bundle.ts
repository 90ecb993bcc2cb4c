// What is in the mesh's image: its programs, each entry file and all it imports as one file that Node runs without node_modules,
// the console's page, and what `docker mesh install` takes from there besides: the plugin and the files that install the mesh.
import { copyFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";
import { withTemporaryFolder } from "../temporary-folder.ts";
import { bundlePage } from "./console-page.ts";
import { WITHOUT_FIELD_WORDS } from "./field-words.ts";
import { takeInventory } from "./inventory.ts";
import { softwareBill } from "./sbom.ts";

/** With npm packages, some of them CommonJS. */
const AGENT = { agent: "plugin/agent.ts" } as const;
const COMMAND_LINE = { cli: "plugin/cli.ts" } as const;
const SIDECAR = { sidecar: "proxy/sidecar.ts" } as const;
/** What a gateway's container runs. */
const WAITING = { gateway: "plugin/gateway/wait.ts" } as const;
const LAUNCHER = { launcher: "plugin/launcher.ts" } as const;
/** Taken as they are. */
const FILES = ["plugin/docker-mesh", "compose/mesh.yaml", "compose/stack.yaml"] as const;
/** Which packages are in the programs. */
export const BILL = "sbom.cdx.json";
/** What a sidecar loads only where its service asks for it, each a file beside it. */
const SIDECAR_PARTS = {
  "verify-token": "proxy/authorize/verify-token.ts",
  "accept-egress": "proxy/egress/accept-egress.ts",
} as const;

/** What CommonJS dependencies expect to find and ES modules do not have. */
const BANNER = [
  'import { createRequire as $createRequire } from "node:module";',
  'import { dirname as $dirname } from "node:path";',
  'import { fileURLToPath as $fileURLToPath } from "node:url";',
  "const require = $createRequire(import.meta.url);",
  "const __filename = $fileURLToPath(import.meta.url);",
  "const __dirname = $dirname(__filename);",
].join("\n");

/**
 * Node's own modules by `process.getBuiltinModule`: an `import` of node:http evaluates all its lazy exports, undici among
 * them. Measured from process start to a sidecar's ready report: 90–97 ms with imports, 73–74 ms so, and 5 MB less.
 */
const BUILTIN_MODULES: Plugin = {
  name: "builtin-modules",
  setup(plugin) {
    plugin.onResolve({ filter: /^node:/ }, ({ path, kind }) => {
      const namespace = kind === "import-statement" ? "builtin-names" : "builtin";
      return { path, namespace, sideEffects: false };
    });
    plugin.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: "js",
    }));
    plugin.onLoad({ filter: /.*/, namespace: "builtin-names" }, ({ path }) => ({
      contents: exportNames(path),
      loader: "js",
    }));
  },
};

/** Leaves the parts out of the program: the import that loads one finds the file beside it. */
const APART: Plugin = {
  name: "apart",
  setup(plugin) {
    plugin.onResolve({ filter: /\.ts$/ }, ({ path, kind }) => {
      const name = basename(path, ".ts");
      if (kind !== "dynamic-import" || !Object.hasOwn(SIDECAR_PARTS, name)) return undefined;
      return { path: `./${name}.cjs`, external: true };
    });
  },
};

/** Of dockerode, for images that BuildKit builds, which nobody here does. */
const IMAGE_BUILDS = ["@grpc/grpc-js", "@grpc/proto-loader"];
/** Of dockerode, for engines that are reached over ssh, as they are by users, never by an agent. */
const SSH = ["ssh2"];
/** Of express, for bodies that are texts in one of a hundred charsets: ours are taken as bytes (plugin/api/json-body.ts). */
const CHARSETS = ["iconv-lite"];

/** Leaves packages out of a program that never calls them: a dependency loads them in any case. */
function without(packages: readonly string[]): Plugin {
  return {
    name: "without",
    setup(plugin) {
      const filter = new RegExp(`^(?:${packages.join("|")})$`);
      plugin.onResolve({ filter }, ({ path }) => ({ path, namespace: "left-out" }));
      plugin.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({
        contents: "",
        loader: "js",
      }));
    },
  };
}

/** Each export by itself, so that only those stay that a program imports: a copy of all takes 0.2 MB in a sidecar. */
function exportNames(path: string): string {
  const names = Object.keys(process.getBuiltinModule(path) ?? {});
  return [
    `const builtin = process.getBuiltinModule(${JSON.stringify(path)});`,
    "export default builtin;",
    ...names.flatMap((name, index) => [
      `const $${index} = /* @__PURE__ */ (() => builtin.${name})();`,
      `export { $${index} as ${name} };`,
    ]),
  ].join("\n");
}

/** Writes agent.mjs, cli.mjs, launcher.cjs, sidecar.cjs with its parts, console/ and the files into the folder and returns it, whole or not at all. */
export async function bundlePrograms(
  project: string,
  cache: string,
  folder: string = join(project, "dist"),
): Promise<string> {
  await withTemporaryFolder(cache, async (temporary) => {
    const metafiles: Metafile[] = [];
    const make = async (options: BuildOptions): Promise<void> => {
      const { metafile } = await build({ ...options, metafile: true });
      metafiles.push(metafile);
    };
    const options: BuildOptions = {
      absWorkingDir: project,
      outdir: temporary,
      bundle: true,
      platform: "node",
      target: "node24",
      plugins: [BUILTIN_MODULES],
      logLevel: "silent",
    };
    const controlPlane: BuildOptions = {
      ...options,
      outExtension: { ".js": ".mjs" },
      format: "esm",
      // An optional native part of the SSH client.
      external: ["cpu-features"],
      loader: { ".node": "empty" },
      banner: { js: BANNER },
      // V8 holds the text as long as a program runs, in two bytes a character where one of them needs it: comments do. Of an
      // agent with 10,000 endpoints 79 MB were on V8's heap, and 69 MB are so, without what it leaves out. Licences stand
      // in a file beside it.
      minifyWhitespace: true,
      legalComments: "external",
    };
    await make({
      ...controlPlane,
      entryPoints: { ...AGENT },
      plugins: [without([...IMAGE_BUILDS, ...SSH, ...CHARSETS]), BUILTIN_MODULES],
    });
    await make({
      ...controlPlane,
      entryPoints: { ...COMMAND_LINE },
      plugins: [without(IMAGE_BUILDS), BUILTIN_MODULES],
    });
    const sidecar: BuildOptions = {
      ...options,
      outExtension: { ".js": ".cjs" },
      // Every workload has one of these, so it is small: 0.8 MB less than as an ES module, 0.5 MB less without white space.
      // Stack traces keep their names.
      format: "cjs",
      minifyWhitespace: true,
      minifySyntax: true,
    };
    await make({
      ...sidecar,
      entryPoints: { ...SIDECAR },
      plugins: [APART, WITHOUT_FIELD_WORDS, BUILTIN_MODULES],
    });
    await make({
      ...sidecar,
      entryPoints: { ...SIDECAR_PARTS },
      plugins: [WITHOUT_FIELD_WORDS, BUILTIN_MODULES],
    });
    await make({ ...sidecar, entryPoints: { ...WAITING } });
    await make({ ...sidecar, entryPoints: { ...LAUNCHER } });
    metafiles.push(await bundlePage(project, join(temporary, "console")));
    await writeFile(join(temporary, BILL), softwareBill(project, takeInventory(metafiles)));
    for (const file of FILES) await copyFile(join(project, file), join(temporary, basename(file)));
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  });
  return folder;
}
