// A compose file with the sidecars of its labelled services written into it, and without them again. Pure, text in and text
// out: everything that is not ours stays byte for byte, and what comes out is compared with what came in.
import { isDeepStrictEqual } from "node:util";
import { isMap, type YAMLMap } from "yaml";
import { Refused } from "../commands/refused.ts";
import {
  asValues,
  type ComposeFile,
  collectionAt,
  pairAt,
  placeIn,
  readComposeFile,
  type Values,
} from "./compose-file.ts";
import { labelledServices } from "./labelled-services.ts";
import {
  blockOf,
  type Insertion,
  linesAt,
  singleLine,
  withInsertions,
  withoutOwn,
} from "./own-lines.ts";
import {
  addedNames,
  addedServices,
  type InjectedService,
  SOCKET_VOLUME,
  socketVolume,
} from "./sidecar-services.ts";

const LABEL = "mesh.sidecar";
const EXPLICIT = "explicit";
/** As they are put into collections in flow style. */
const PHRASES = {
  map: `, "${LABEL}": "${EXPLICIT}"`,
  list: `, "${LABEL}=${EXPLICIT}"`,
} as const;

/** The file without what {@link inject} puts into it; the same text where there is nothing of that. */
export function takeOut(text: string): string {
  return withoutOwn(text, Object.values(PHRASES));
}

/**
 * The file with an explicit sidecar for each service that is labelled `mesh.enable: "true"`, in place of those that an
 * earlier injection put there. Throws CONFIGURATION_INVALID with everything that keeps it from working.
 */
export function inject(text: string): string {
  const original = takeOut(text);
  const file = readComposeFile(original);
  const { services, problems } = labelledServices(file);
  if (problems.length > 0) throw new Refused("CONFIGURATION_INVALID", problems);
  const toMark = services.filter(({ labels }) => labels.sidecar === "agent");
  const result = withInsertions(original, [
    ...toMark.map(({ name }) => labelInsertion(file, name, original)),
    servicesInsertion(file, services, original),
    volumeInsertion(file, original),
  ]);
  expectOthersUnchanged(file, services, readComposeFile(result));
  return result;
}

function labelInsertion({ root }: ComposeFile, name: string, text: string): Insertion {
  const service = mapAt(mapAt(root, "services"), name);
  const labels = service && collectionAt(service, "labels");
  const place = labels && placeIn(labels, text);
  if (labels === undefined || place === undefined)
    throw refusal(
      `service ${name}: expected its labels written under it, found them by an alias or a merge`,
    );
  if (place.indent === undefined)
    return { at: place.end, text: isMap(labels) ? PHRASES.map : PHRASES.list };
  const entry = isMap(labels) ? `${LABEL}: ${EXPLICIT}` : `- ${LABEL}=${EXPLICIT}`;
  return linesAt(text, place.end, singleLine(`${place.indent}${entry}`));
}

function servicesInsertion(
  { root }: ComposeFile,
  services: readonly InjectedService[],
  text: string,
): Insertion {
  const place = blockPlace(mapAt(root, "services"), text);
  if (place === undefined)
    throw refusal(`expected services in block style, found {…}: ${REWRITTEN}`);
  return linesAt(text, place.end, blockOf(place.indent, services.flatMap(addedServices)));
}

function volumeInsertion({ root, values }: ComposeFile, text: string): Insertion {
  const place = blockPlace(root, text);
  if (place === undefined) throw refusal(`expected a file in block style, found {…}: ${REWRITTEN}`);
  const pair = pairAt(root, "volumes");
  if (pair === undefined) {
    const section = ["volumes:", ...socketVolume().map((line) => `  ${line}`)];
    return linesAt(text, place.end, blockOf(place.indent, section));
  }
  if (asValues(values["volumes"])?.[SOCKET_VOLUME] !== undefined)
    throw refusal(`expected no volume ${SOCKET_VOLUME}, found one: give it another name`);
  const within = blockPlace(mapAt(root, "volumes"), text);
  if (within === undefined)
    throw refusal(
      "expected volumes in block style or none, found something else: write one entry per line",
    );
  return linesAt(text, within.end, blockOf(within.indent, socketVolume()));
}

const REWRITTEN = '"docker compose config | docker mesh inject -" works on it rewritten';

function mapAt(map: YAMLMap | undefined, key: string): YAMLMap | undefined {
  const value = map && collectionAt(map, key);
  return isMap(value) ? value : undefined;
}

function blockPlace(
  map: YAMLMap | undefined,
  text: string,
): { readonly end: number; readonly indent: string } | undefined {
  const place = map && placeIn(map, text);
  return place?.indent === undefined ? undefined : { end: place.end, indent: place.indent };
}

/** Anchors may carry what was put into one place to others: such a file is refused. */
function expectOthersUnchanged(
  before: ComposeFile,
  services: readonly InjectedService[],
  after: ComposeFile,
): void {
  const others = withoutKeys(after.values, {
    services: services.flatMap(addedNames),
    volumes: [SOCKET_VOLUME],
  });
  const expected = before.values["volumes"] === undefined ? { volumes: {} } : {};
  for (const { name, labels } of services) {
    const found = unlabelled(after.services.get(name), labels.sidecar === "agent");
    if (!isDeepStrictEqual(found, before.services.get(name))) throw shared(name);
  }
  const names = services.map(({ name }) => name);
  const left = withoutKeys(others, { services: names });
  if (!isDeepStrictEqual(left, { ...withoutKeys(before.values, { services: names }), ...expected }))
    throw shared(names.join(", "));
}

function shared(name: string): Refused {
  return refusal(
    `service ${name}: expected its labels to be its own, found them shared by an anchor: write them out`,
  );
}

/** A mapping of mappings without some keys of these. */
function withoutKeys(values: Values, keys: Readonly<Record<string, readonly string[]>>): Values {
  const cut = Object.entries(keys).map(([key, names]) => {
    const entries = Object.entries(asValues(values[key]) ?? {});
    return [key, Object.fromEntries(entries.filter(([name]) => !names.includes(name)))];
  });
  return { ...values, ...Object.fromEntries(cut) };
}

function unlabelled(service: Values | undefined, wasMarked: boolean): Values | undefined {
  const labels = service?.["labels"];
  if (!wasMarked) return service;
  if (Array.isArray(labels)) return { ...service, labels: labels.slice(0, -1) };
  const { [LABEL]: _ours, ...others } = asValues(labels) ?? {};
  return { ...service, labels: others };
}

function refusal(problem: string): Refused {
  return new Refused("CONFIGURATION_INVALID", [problem]);
}
