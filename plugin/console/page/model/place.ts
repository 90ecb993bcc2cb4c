// Where the reader is, as the part of the address after `#`: every view, selection and filter has an address of its own, so
// that the browser's back button and bookmarks work. Pure.

export const VIEWS = [
  "topology",
  "services",
  "workloads",
  "intentions",
  "tap",
  "problems",
  "codes",
] as const;
export type ViewName = (typeof VIEWS)[number];

export interface Place {
  readonly view: ViewName;
  /** What stands behind the view: a service's name, then its tab. */
  readonly path: readonly string[];
  /** Selection and filters; none of them is empty. */
  readonly query: Readonly<Record<string, string>>;
}

const START: Place = { view: "topology", path: [], query: {} };

/** What cannot be understood is the start. */
export function parsePlace(hash: string): Place {
  const [, path = "", search = ""] = /^#?\/?([^?]*)(?:\?(.*))?$/.exec(hash) ?? [];
  const [first = "", ...rest] = path.split("/").map(decode);
  const view = VIEWS.find((name) => name === first);
  if (view === undefined) return START;
  return { view, path: rest.filter((part) => part !== ""), query: parseQuery(search) };
}

/** The address, with `#`. Empty values of the query are left out. */
export function formatPlace(
  view: ViewName,
  path: readonly string[] = [],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const parts = [view, ...path].map(encodeURIComponent).join("/");
  const search = new URLSearchParams(
    Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1])),
  ).toString();
  return `#/${parts}${search === "" ? "" : `?${search}`}`;
}

function parseQuery(search: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...new URLSearchParams(search)].filter(([, value]) => value !== ""));
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
