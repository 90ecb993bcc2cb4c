// Kinds of values that speak of services: who is called instead, which version, and who may call.
import { Refusal } from "../refusal.ts";
import { isServiceName } from "../service-name.ts";
import { joinList, type Kind, kind, list, splitList } from "./kinds.ts";
import type { CallerMatch, WeightedVersion } from "./policy.ts";

/** As the label `mesh.version` takes it. */
const VERSION = /^[A-Za-z0-9._-]{1,64}$/;

function readService(text: string): string | Refusal {
  return isServiceName(text) ? text : new Refusal();
}

export const service: Kind<string> = {
  ...kind(readService, "a service's name", "a service"),
  renameServices: (text, rename) => (isServiceName(text) ? rename(text) : text),
};

export const services: Kind<readonly string[]> = {
  ...kind(
    list(readService, { most: 8 }),
    "names of services separated by commas",
    "services, comma-separated",
  ),
  renameServices: (text, rename) => renameEach(text, rename),
};

function renameEach(text: string, rename: (service: string) => string): string {
  // Two names may turn out to be one service.
  const names = splitList(text).map((entry) => (isServiceName(entry) ? rename(entry) : entry));
  return joinList([...new Set(names)]);
}

export interface MirrorTarget {
  readonly service: string | undefined;
  readonly version: string | undefined;
}

export const mirrorTarget: Kind<MirrorTarget> = {
  ...kind(
    readMirror,
    "a service, @version, or service@version",
    "`service` | `@version` | `service@version`",
  ),
  renameServices: (text, rename) => {
    const [name = "", ...rest] = text.split("@");
    return [isServiceName(name) ? rename(name) : name, ...rest].join("@");
  },
};

function readMirror(text: string): MirrorTarget | Refusal {
  const [name = "", version, ...rest] = text.split("@");
  if (rest.length > 0 || (name === "" && version === undefined)) return new Refusal();
  if (name !== "" && !isServiceName(name)) return new Refusal();
  if (version !== undefined && !VERSION.test(version)) return new Refusal();
  return { service: name === "" ? undefined : name, version };
}

const readShares = list(readShare, { most: 16, key: ({ version }) => version });

/** All of it together is 100, unless it is empty. */
export const split: Kind<readonly WeightedVersion[]> = kind(
  (text) => {
    const shares = readShares(text);
    if (shares instanceof Refusal || shares.length === 0) return shares;
    // In hundredths, which are whole: 33.3 + 33.3 + 33.4 is not 100 in binary fractions.
    const sum = shares.reduce((total, { weight }) => total + Math.round(weight * 100), 0) / 100;
    return sum === 100 ? shares : new Refusal(`expected shares that add up to 100, got ${sum}`);
  },
  "version=percent entries separated by commas that add up to 100, such as v1=90,v2=10",
  "`version=percent`, comma-separated, together 100",
);

function readShare(entry: string): WeightedVersion | Refusal {
  const [, version = "", share = ""] = /^([^=]*)=(\d{1,3}(?:\.\d{1,2})?)$/.exec(entry) ?? [];
  const weight = Number(share);
  if (!VERSION.test(version) || weight > 100) return new Refusal();
  return { version, weight };
}

const PREFIX = /^([a-z0-9][a-z0-9-]{0,61})\*$/;
const URI = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/[A-Za-z0-9._-]{1,255})+$/;

export const callers: Kind<readonly CallerMatch[]> = {
  ...kind(
    list(readCaller, { most: 64, key: (caller) => JSON.stringify(caller) }),
    "callers such as web, shop-*, anonymous, * or a whole SPIFFE id separated by commas",
    "`*` | `anonymous` | a service | `prefix-*` | `spiffe://…`, comma-separated",
  ),
  renameServices: (text, rename) =>
    renameEach(text, (name) => (name === "anonymous" ? name : rename(name))),
};

function readCaller(text: string): CallerMatch | Refusal {
  if (text === "*") return { kind: "any" };
  if (text === "anonymous") return { kind: "anonymous" };
  if (isServiceName(text)) return { kind: "service", text };
  const prefix = PREFIX.exec(text)?.[1];
  if (prefix !== undefined) return { kind: "prefix", text: prefix };
  return text.length <= 512 && URI.test(text) ? { kind: "uri", text } : new Refusal();
}
