// What may be created: a sidecar or an init container, exactly as `docker/sidecar-container.ts` makes it. What differs from one
// to the next is read from the request, checked, and put into the template; the result must be what was asked for, to the
// last field, and it is the result that the engine gets. Pure.
import { isDeepStrictEqual } from "node:util";
import type { ContainerCreateOptions } from "dockerode";
import { LOG_LEVELS, type LogLevel } from "../../mesh/log.ts";
import { SIDECAR_ENVIRONMENT } from "../../proxy/configuration/snapshot.ts";
import { OWN_LABELS } from "../docker/container-facts.ts";
import type { OwnContainer } from "../docker/own-container.ts";
import {
  interceptionContainer,
  type SidecarTarget,
  type SidecarTemplate,
  sidecarContainer,
} from "../docker/sidecar-container.ts";
import { Refusal } from "./refusal.ts";
import { foreignRule } from "./rules.ts";

export interface CreationParts {
  /** Of the agent that asks: its image and where its socket comes from. */
  readonly own: Pick<OwnContainer, "image" | "socketMount">;
  /** Path of the agent's socket inside sidecars. */
  readonly socket: string;
  /** As the engine attests it. */
  readonly target: SidecarTarget;
}

type Json = Readonly<Record<string, unknown>>;

/** The id of the container beside which one is to be created. Throws a {@link Refusal} when the request names none. */
export function targetOf(body: unknown): string {
  const id = /^container:([0-9a-f]{64})$/.exec(
    text(record(record(body)["HostConfig"]), "NetworkMode"),
  );
  if (id?.[1] === undefined)
    throw new Refusal("expected HostConfig.NetworkMode to be the whole id of a container");
  return id[1];
}

/** The body to create it with. Throws a {@link Refusal} that names the first field that is otherwise than the template's. */
export function fitCreation(name: string, body: unknown, parts: CreationParts): object {
  const { name: expectedName, ...expected } = rebuild(name, record(body), parts);
  if (name !== expectedName)
    throw new Refusal(`expected the name ${JSON.stringify(expectedName)}, got ${shown(name)}`);
  const plain: unknown = JSON.parse(JSON.stringify(expected));
  if (!isDeepStrictEqual(plain, body)) throw new Refusal(difference("", plain, body));
  return expected;
}

function rebuild(name: string, body: Json, parts: CreationParts): ContainerCreateOptions {
  const labels = record(body["Labels"]);
  const role = text(labels, OWN_LABELS.role);
  const template = { own: parts.own, socket: parts.socket };
  if (role === "sidecar") return rebuildSidecar(name, body, template, parts.target);
  if (role !== "init")
    throw new Refusal(
      `expected the label ${OWN_LABELS.role} to be sidecar or init, got ${shown(role)}`,
    );
  return rebuildInit(name, body, template, parts.target);
}

/** Of what it installs only the words are known: its target's namespace is all that it can change. */
function rebuildInit(
  name: string,
  body: Json,
  base: Pick<SidecarTemplate, "own" | "socket">,
  target: SidecarTarget,
): ContainerCreateOptions {
  const rules = textAt(body["Cmd"], 1);
  const foreign = foreignRule(rules);
  if (foreign !== undefined)
    throw new Refusal(`Cmd[1]: expected rules of the mesh's own kind, got ${shown(foreign)}`);
  const template: SidecarTemplate = { ...base, logLevel: "info", migrates: false };
  const container = interceptionContainer(template, { ...target, ...NO_RULES }, suffixOf(name));
  return { ...container, Cmd: ["nft", rules] };
}

/** In place of those that the request brings. */
const NO_RULES = { mtls: "permissive", redirected: [], egress: "allow" } as const;

function rebuildSidecar(
  name: string,
  body: Json,
  base: Pick<SidecarTemplate, "own" | "socket">,
  target: SidecarTarget,
): ContainerCreateOptions {
  const labels = record(body["Labels"]);
  const environment = readEnvironment(body["Env"]);
  const logLevel = environment.get(SIDECAR_ENVIRONMENT.logLevel);
  const template: SidecarTemplate = {
    ...base,
    logLevel: LOG_LEVELS.find((level): level is LogLevel => level === logLevel) ?? "info",
    migrates: record(body["HostConfig"])["Sysctls"] !== undefined,
  };
  const container = sidecarContainer(template, target, {
    token: matching(environment.get(SIDECAR_ENVIRONMENT.token), /^[\w-]{32}$/),
    suffix: suffixOf(name),
    specification: matching(text(labels, OWN_LABELS.specification), /^[0-9a-f]{16}$/),
    takesOver: environment.has(SIDECAR_ENVIRONMENT.takesOver),
  });
  // An agent of another version may make its sidecars alike.
  const version = matching(text(labels, OWN_LABELS.version), /^\d[\w.+-]{0,63}$/);
  return { ...container, Labels: { ...container.Labels, [OWN_LABELS.version]: version } };
}

function suffixOf(name: string): string {
  return matching(name.slice(-6), /^[0-9a-f]{6}$/);
}

/** The value, or nothing where it does not match: the template then differs from what was asked for. */
function matching(value: string | undefined, pattern: RegExp): string {
  return value !== undefined && pattern.test(value) ? value : "";
}

function readEnvironment(entries: unknown): ReadonlyMap<string, string> {
  const texts = Array.isArray(entries) ? entries.filter((entry) => typeof entry === "string") : [];
  return new Map(
    texts.map((entry): [string, string] => {
      const at = entry.indexOf("=");
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

function record(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

function text(of: Json, key: string): string {
  const value = of[key];
  return typeof value === "string" ? value : "";
}

function textAt(values: unknown, index: number): string {
  const value: unknown = Array.isArray(values) ? values[index] : undefined;
  return typeof value === "string" ? value : "";
}

/** Where two values differ first, in words. */
function difference(path: string, expected: unknown, found: unknown): string {
  const [left, right] = [record(expected), record(found)];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const key of keys) {
    if (
      isDeepStrictEqual(left[key], right[key]) &&
      Object.hasOwn(left, key) === Object.hasOwn(right, key)
    )
      continue;
    const name = path === "" ? key : `${path}.${key}`;
    if (Object.keys(record(left[key])).length > 0 && Object.keys(record(right[key])).length > 0)
      return difference(name, left[key], right[key]);
    return name.startsWith("Env")
      ? `${name}: it is not what the template makes of it`
      : `${name}: expected ${shown(left[key])}, got ${shown(right[key])}`;
  }
  return `${path || "the body"}: expected what the template says`;
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const written = JSON.stringify(value);
  return written.length > 200 ? `${written.slice(0, 200)}…` : written;
}
