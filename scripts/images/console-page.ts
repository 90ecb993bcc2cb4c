// The console's page as the agent serves it: a document, a script, a style sheet and an icon, the latter three under names that
// change with their content, and all of them compressed beside themselves.
import { readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import { build, type Metafile } from "esbuild";

const PAGE = "plugin/console/page";
/** Each is named in index.html as `{{name}}`. */
const ENTRIES = ["main.tsx", "styles/main.css", "icon.svg"] as const;

const compress = promisify(gzip);

/** Writes the page's files into the folder, which need not exist; tells what they were made of. */
export async function bundlePage(project: string, folder: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: project,
    entryPoints: ENTRIES.map((name) => join(PAGE, name)),
    entryNames: "assets/[name]-[hash]",
    outdir: folder,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    jsx: "automatic",
    jsxImportSource: "preact",
    loader: { ".md": "text", ".svg": "copy" },
    minify: true,
    legalComments: "eof",
    charset: "utf8",
    metafile: true,
    logLevel: "silent",
  });
  const outputs = new Map(
    Object.entries(metafile.outputs).flatMap(([file, { entryPoint, inputs }]) => {
      const source = entryPoint ?? Object.keys(inputs)[0] ?? "";
      return [[relative(PAGE, source), relative(folder, join(project, file))]];
    }),
  );
  const template = await readFile(join(project, PAGE, "index.html"), "utf8");
  const document = template.replaceAll(/\{\{([^}]+)\}\}/g, (_, name: string) => {
    const file = outputs.get(name);
    if (file === undefined) throw new Error(`expected ${name} among the bundled files`);
    return `/${file}`;
  });
  await writeFile(join(folder, "index.html"), document);
  for (const file of ["index.html", ...outputs.values()]) {
    const content = await readFile(join(folder, file));
    await writeFile(
      join(folder, `${file}.gz`),
      await compress(content, { level: constants.Z_BEST_COMPRESSION }),
    );
  }
  return metafile;
}
