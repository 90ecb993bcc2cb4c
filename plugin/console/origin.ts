// Where a request comes from, by what browsers say of it and no page can change. Cookies do not know ports: a page at another
// port of the same host is as good as foreign here.
import type { X509Certificate } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";

/** Under which names the console answers. */
export interface OwnNames {
  readonly hosts: readonly string[];
  /** The one that it shows, if it does. */
  readonly certificate: X509Certificate | undefined;
}

const HOST = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9][a-z0-9.-]*))(?::(\d{1,5}))?$/i;

/**
 * Whether the Host field names this console. Somebody else's name that leads to our address (DNS rebinding) would make pages
 * of theirs ours; an address that stands there itself cannot be led anywhere.
 */
export function isOwnHost(host: string | undefined, { hosts, certificate }: OwnNames): boolean {
  const [, address, name = ""] = HOST.exec(host ?? "") ?? [];
  if (address !== undefined) return isIP(address) === 6;
  const lower = name.toLowerCase().replace(/\.$/, "");
  if (isIP(lower) === 4 || lower === "localhost" || lower.endsWith(".localhost")) return true;
  return lower !== "" && (hosts.includes(lower) || certificate?.checkHost(lower) !== undefined);
}

/** The port that the browser believes to ask; cookies are told apart by it. */
export function portOf(host: string | undefined, isSecure: boolean): string {
  return HOST.exec(host ?? "")?.[3] ?? (isSecure ? "443" : "80");
}

/** Whether the Origin field is there and names the host that is asked. Its scheme is left open: TLS may end before us. */
export function isOwnOrigin({ origin, host }: IncomingHttpHeaders): boolean {
  const url = URL.parse(origin ?? "");
  if (url === null || host === undefined || !/^https?:$/.test(url.protocol)) return false;
  return url.host === URL.parse(`${url.protocol}//${host}`)?.host;
}

/** Whether another page than ours is behind it. To follow a link to here is no harm, where `mayFollow`. */
export function isForeign(headers: IncomingHttpHeaders, mayFollow: boolean): boolean {
  if (headers.origin !== undefined && !isOwnOrigin(headers)) return true;
  const site = headers["sec-fetch-site"] ?? "none";
  if (site === "same-origin" || site === "none") return false;
  const follows =
    headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
  return !(mayFollow && follows);
}
