// Who may import whom, and other rules that keep the project readable. The table is the one of docs/architecture.md.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "mocha";
import { circles } from "./circles.ts";
import { importsOf, ROOT, type SourceFile, sourceFiles } from "./source-files.ts";

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
  plugin: { from: ["mesh", "registry", "compose", "proxy/configuration"], packages: "any" },
};

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

function assertNone(found: readonly string[]): void {
  assert.equal(found.join("\n"), "");
}

describe("the structure of the project", () => {
  for (const [layer, { from, packages }] of Object.entries(LAYERS)) {
    const others = from.length === 0 ? "nothing of ours" : `only ${from.join(", ")}`;
    it(`${layer} imports ${others}${packages === "none" ? " and no package but for the exceptions" : ""}`, () => {
      const files = sourceFiles([layer], [".ts"]);
      assert.ok(files.length > 0);
      assertNone(files.flatMap((file) => trespasses(layer, file)));
    });
  }

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

  it("knows a trespass when it sees one", () => {
    const wrong = {
      path: "proxy/outbound.ts",
      text: 'import { x } from "../plugin/labels/parse.ts";\nimport y from "express";\n',
    };
    assert.deepEqual(trespasses("proxy", wrong), [
      "proxy/outbound.ts imports ../plugin/labels/parse.ts",
      "proxy/outbound.ts imports express",
    ]);
    const agent = { path: "plugin/agent.ts", text: 'import { x } from "../proxy/outbound.ts";\n' };
    assert.deepEqual(trespasses("plugin", agent), ["plugin/agent.ts imports ../proxy/outbound.ts"]);
  });

  const files = sourceFiles(
    [...Object.keys(LAYERS), "scripts", "test"],
    [".ts", ".sh", ".yaml", "docker-mesh"],
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
      .filter(({ path }) => path.endsWith(".ts"))
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
