// The paths of requests, before anything is decided by them. A path that two readers could understand differently (our router
// and Consul's) is refused, so that what was checked is what is asked.

/** Encoded slashes, backslashes, dots and NULs: what one reader decodes and another does not. */
const AMBIGUOUS = /%(?:2f|5c|2e|00|25)/i;
const PLAIN = /^\/(?:[A-Za-z0-9._~!$&'()*+,=:@/-]|%[0-9A-Fa-f]{2})*$/;

/** The path of a request's target without its query; undefined for what is no plain path. */
export function pathOf(target: string): string | undefined {
  const [path = ""] = target.split("?", 1);
  const isPlain = PLAIN.test(path) && !AMBIGUOUS.test(path) && !path.includes("//");
  const climbs = path.split("/").some((segment) => segment === "." || segment === "..");
  if (!isPlain || climbs || target.includes("#")) return undefined;
  try {
    decodeURIComponent(path);
    return path;
  } catch {
    return undefined;
  }
}
