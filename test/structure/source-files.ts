// The project's own source files, as the structure tests look at them.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

export interface SourceFile {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
}

/** All files below the folders whose names end in one of the endings, sorted by path. */
export function sourceFiles(
  folders: readonly string[],
  endings: readonly string[],
): readonly SourceFile[] {
  return folders
    .flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes("node_modules"))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

/** The module names of every import in the text: static, type-only, re-exporting and dynamic. */
export function importsOf(text: string): readonly string[] {
  const statements = text.matchAll(/^(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']/gm);
  const others = text.matchAll(/(?:^import\s*|\bimport\(\s*)["']([^"']+)["']/gm);
  return [...statements, ...others].map(([, name = ""]) => name);
}

/** Those of them that are loaded together with the text's file: no types, nothing that is loaded on demand. */
export function loadedBy(text: string): readonly string[] {
  const statements = text.matchAll(
    /^(?:import|export)\b(?!\s*type\b)[^;"']*?\bfrom\s*["']([^"']+)["']/gm,
  );
  return [...statements].map(([, name = ""]) => name);
}
