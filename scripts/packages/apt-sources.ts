// Where this machine gets its Debian packages from, read from its own apt configuration: both formats apt knows,
// one line a source and deb822 stanzas. Nothing here asks the network.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** A path, a fingerprint or a whole key block, as `Signed-By` takes it. */
  readonly signedBy: string | undefined;
  readonly trusted: boolean;
}

const ONE_LINE =
  /^deb\s+(?:\[(?<options>[^\]]*)\]\s+)?(?<uri>\S+)\s+(?<suite>\S+)(?<components>.*)$/;
const DEBIAN_SUITE =
  /^(?:oldoldstable|oldstable|stable|testing|unstable|sid|bullseye|bookworm|trixie|forky|duke)$/;

/** The `deb` lines of a `.list` file. */
export function parseOneLineSources(text: string): readonly AptSource[] {
  return text.split("\n").flatMap((line) => {
    const parts = ONE_LINE.exec(line.replace(/#.*$/, "").trim())?.groups;
    if (parts === undefined) return [];
    const options = new Map(
      words(parts["options"]).map((option) => {
        const [name = "", value = ""] = option.split("=", 2);
        return [name.toLowerCase(), value] as const;
      }),
    );
    return {
      uri: parts["uri"] ?? "",
      suites: words(parts["suite"]),
      components: words(parts["components"]),
      signedBy: options.get("signed-by"),
      trusted: options.get("trusted") === "yes",
    };
  });
}

/** The enabled `deb` stanzas of a `.sources` file, one entry a URI. */
export function parseStanzaSources(text: string): readonly AptSource[] {
  return text.split(/\n(?:[ \t]*\n)+/).flatMap((stanza) => {
    const fields = stanzaFields(stanza);
    const disabled = /^(?:no|false|0|off)$/i.test(fields.get("enabled") ?? "yes");
    if (disabled || !words(fields.get("types")).includes("deb")) return [];
    return words(fields.get("uris")).map((uri) => ({
      uri,
      suites: words(fields.get("suites")),
      components: words(fields.get("components")),
      signedBy: fields.get("signed-by"),
      trusted: /^yes$/i.test(fields.get("trusted") ?? "no"),
    }));
  });
}

/** Every source under an apt configuration directory, in apt's order. A missing file is no source. */
export async function readAptSources(directory = "/etc/apt"): Promise<readonly AptSource[]> {
  const parts = join(directory, "sources.list.d");
  const names = await readdir(parts).catch((): string[] => []);
  const sources = [...parseOneLineSources(await readText(join(directory, "sources.list")))];
  for (const name of names.toSorted()) {
    if (name.endsWith(".list"))
      sources.push(...parseOneLineSources(await readText(join(parts, name))));
    if (name.endsWith(".sources"))
      sources.push(...parseStanzaSources(await readText(join(parts, name))));
  }
  return sources;
}

/** The source that serves Debian's main archive, if the machine has one: suites of any release can be had there. */
export function debianMirror(sources: readonly AptSource[]): AptSource | undefined {
  return sources.find(
    ({ suites, components }) =>
      components.includes("main") && suites.some((suite) => DEBIAN_SUITE.test(suite)),
  );
}

/** A deb822 stanza for one suite of that mirror. */
export function formatStanza(mirror: AptSource, suite: string): string {
  const lines = ["Types: deb", `URIs: ${mirror.uri}`, `Suites: ${suite}`, "Components: main"];
  if (mirror.signedBy !== undefined) lines.push(`Signed-By: ${mirror.signedBy}`);
  if (mirror.trusted) lines.push("Trusted: yes");
  return `${lines.join("\n")}\n`;
}

function stanzaFields(stanza: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let name = "";
  for (const line of stanza.split("\n")) {
    if (line.startsWith("#")) continue;
    if (/^[ \t]/.test(line)) {
      fields.set(name, `${fields.get(name) ?? ""}\n${line}`);
      continue;
    }
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    name = line.slice(0, colon).toLowerCase();
    fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}

function words(text: string | undefined): readonly string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

async function readText(file: string): Promise<string> {
  return await readFile(file, "utf8").catch(() => "");
}
