// Who may import whom, and other rules that keep the project readable. The table is the one of docs/architecture.md.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "mocha";
import { circles } from "./circles.ts";
import { importsOf, loadedBy, ROOT, type SourceFile, sourceFiles } from "./source-files.ts";

interface Layer {
  /** Folders of ours that it may import from, itself aside. */
  readonly from: readonly string[];
  readonly packages: "any" | "none";
}

/** Files with a package of their own in a layer that has none, each loaded only where its service asks for it. */
const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  ["proxy/authorize/verify-token.ts", "jose"],
]);

const LAYERS: Readonly<Record<string, Layer>> = {
  mesh: { from: [], packages: "none" },
  proxy: { from: ["mesh"], packages: "none" },
  registry: { from: ["mesh"], packages: "any" },
  compose: { from: ["mesh"], packages: "any" },
  plugin: {
    from: ["mesh", "registry", "compose", "proxy/configuration", "proxy/explain"],
    packages: "any",
  },
};

/** What runs in browsers: nobody imports it, and of the agent it takes types alone. */
const PAGE = "plugin/console/page/";
/** Files of the agent whose types the page may know: its contract. */
const PAGE_CONTRACT = ["plugin/console/view.ts", "plugin/tap/tap-event.ts", "plugin/status.ts"];
/** Texts and packages that are bundled with it. */
const PAGE_EXTRAS = ["docs/errors.md", "preact", "preact/hooks"];

const LONGEST_FILE = 400;

/** What a file imports that its layer must not, each as one line of text. */
function trespasses(layer: string, { path, text }: SourceFile): readonly string[] {
  const rule = LAYERS[layer];
  assert.ok(rule !== undefined);
  return importsOf(text)
    .filter((name) => !isAllowed(layer, rule, path, name))
    .map((name) => `${path} imports ${name}`);
}

function isAllowed(layer: string, rule: Layer, path: string, name: string): boolean {
  if (name.startsWith("node:")) return !(path.startsWith("proxy/http1/") && name === "node:net");
  if (!name.startsWith(".")) return rule.packages === "any" || EXCEPTIONS.get(path) === name;
  const target = join(dirname(path), name);
  return [layer, ...rule.from].some((folder) => target.startsWith(`${folder}/`));
}

/** Imports of types alone, of which nothing is left in what runs. */
const TYPE_IMPORT = /^import type\b[^;"']*?\bfrom\s*["'][^"']+["']/gm;

/** What a file of the page imports that it must not, each as one line of text. */
function pageTrespasses({ path, text }: SourceFile): readonly string[] {
  const targetOf = (name: string): string =>
    name.startsWith(".") ? join(dirname(path), name) : name;
  const isAllowedValue = (target: string): boolean =>
    target.startsWith(PAGE) || PAGE_EXTRAS.includes(target);
  const values = importsOf(text.replaceAll(TYPE_IMPORT, ""));
  const types = importsOf([...text.matchAll(TYPE_IMPORT)].join(";\n"));
  return [
    ...values.filter((name) => !isAllowedValue(targetOf(name))),
    ...types.filter((name) => {
      const target = targetOf(name);
      return !isAllowedValue(target) && !PAGE_CONTRACT.includes(target);
    }),
  ].map((name) => `${path} imports ${name}`);
}

function assertNone(found: readonly string[]): void {
  assert.equal(found.join("\n"), "");
}

describe("the structure of the project", () => {
  for (const [layer, { from, packages }] of Object.entries(LAYERS)) {
    const others = from.length === 0 ? "nothing of ours" : `only ${from.join(", ")}`;
    it(`${layer} imports ${others}${packages === "none" ? " and no package but for the exceptions" : ""}`, () => {
      const files = sourceFiles([layer], [".ts"]).filter(({ path }) => !path.startsWith(PAGE));
      assert.ok(files.length > 0);
      assertNone(files.flatMap((file) => trespasses(layer, file)));
    });
  }

  it("the console's page imports preact and, of the agent, only types of its contract", () => {
    const files = sourceFiles([PAGE], [".ts", ".tsx"]);
    assert.ok(files.length > 0);
    assertNone(files.flatMap(pageTrespasses));
  });

  it("nothing that runs on Node imports the console's page", () => {
    const others = sourceFiles([...Object.keys(LAYERS), "scripts"], [".ts"]);
    assertNone(
      others
        .filter(({ path }) => !path.startsWith(PAGE))
        .filter(({ path, text }) =>
          importsOf(text).some((name) => join(dirname(path), name).startsWith(PAGE)),
        )
        .map(({ path }) => path),
    );
  });

  it("sees every kind of import", () => {
    const text = `import "./a.ts";
import type { B } from "./b.ts";
import {
  c,
  d,
} from "./c.ts";
export { e } from "./e.ts";
const f = await import("./f.ts");
const text = 'from "./not-an-import.ts"';
`;
    assert.deepEqual([...importsOf(text)].sort(), [
      "./a.ts",
      "./b.ts",
      "./c.ts",
      "./e.ts",
      "./f.ts",
    ]);
  });

  it("asks what sidecars would do without any code that could open a socket", () => {
    const paths = sourceFiles(["proxy/explain"], [".ts"]).map(({ path }) => path);
    assert.ok(paths.length > 0);
    const needed = new Set(paths);
    // A set that grows while it is walked is walked to its new end.
    for (const path of needed) {
      const found = loadedBy(readFileSync(join(ROOT, path), "utf8"));
      for (const name of found.filter((each) => each.startsWith(".")))
        needed.add(join(dirname(path), name));
      const others = found.filter((name) => !name.startsWith(".") && name !== "node:crypto");
      assert.deepEqual(others, [], path);
    }
    assert.ok(needed.has("proxy/route/router.ts") && needed.has("proxy/caller-guard.ts"));
  });

  it("knows a trespass when it sees one", () => {
    const wrong = {
      path: "proxy/outbound.ts",
      text: 'import { x } from "../plugin/labels/parse.ts";\nimport y from "express";\n',
    };
    assert.deepEqual(trespasses("proxy", wrong), [
      "proxy/outbound.ts imports ../plugin/labels/parse.ts",
      "proxy/outbound.ts imports express",
    ]);
    const page = {
      path: "plugin/console/page/app.tsx",
      text: 'import { PATHS } from "../view.ts";\nimport type { MeshStatus } from "../../status.ts";\nimport type { Log } from "../../../mesh/log.ts";\n',
    };
    assert.deepEqual(pageTrespasses(page), [
      "plugin/console/page/app.tsx imports ../view.ts",
      "plugin/console/page/app.tsx imports ../../../mesh/log.ts",
    ]);
    const agent = { path: "plugin/agent.ts", text: 'import { x } from "../proxy/outbound.ts";\n' };
    assert.deepEqual(trespasses("plugin", agent), ["plugin/agent.ts imports ../proxy/outbound.ts"]);
  });

  const files = sourceFiles(
    [...Object.keys(LAYERS), "scripts", "test"],
    [".ts", ".tsx", ".css", ".sh", ".yaml", "docker-mesh"],
  );

  it(`has no file of more than ${LONGEST_FILE} lines`, () => {
    const lengths = files.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }));
    assertNone(
      lengths
        .filter(({ lines }) => lines > LONGEST_FILE)
        .map(({ path, lines }) => `${path}: ${lines} lines`),
    );
  });

  it("has no files that import each other, be it around some corners or types alone", () => {
    const imports = files
      .filter(({ path }) => /\.tsx?$/.test(path))
      .map(({ path, text }): [string, string[]] => {
        const names = importsOf(text).filter((name) => name.startsWith("."));
        return [path, names.map((name) => join(dirname(path), name))];
      });
    assertNone(circles(new Map(imports)));
  });

  it("knows a circle when it sees one", () => {
    const imports = { a: ["b"], b: ["c", "d"], c: ["a"], d: ["e"], e: [], f: ["f", "a"] };
    assert.deepEqual(circles(new Map(Object.entries(imports))), ["f → f", "a → b → c → a"]);
  });

  it("has no barrels", () => {
    assertNone(files.map(({ path }) => path).filter((path) => /(^|\/)index\.ts$/.test(path)));
  });

  it("leaves nothing for later", () => {
    assertNone(
      files.filter(({ text }) => /\b(TO[D]O|FIX[M]E|X[X]X)\b/.test(text)).map(({ path }) => path),
    );
  });

  it("gives a reason for every dependency", () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Readonly<
      Record<string, Readonly<Record<string, string>> | undefined>
    >;
    const record = readFileSync(join(ROOT, "docs/decisions/001-dependencies.md"), "utf8");
    const names = ["dependencies", "devDependencies", "optionalDependencies"].flatMap((kind) =>
      Object.keys(manifest[kind] ?? {}),
    );
    assert.ok(names.length > 0);
    assertNone(names.filter((name) => !record.includes(`\`${name}\``)));
  });
});
