// Kinds of values that say under which hosts and paths a gateway publishes a service, and with which certificate.
import { quote } from "../printable.ts";
import { Refusal } from "../refusal.ts";
import { count, type Kind, kind, list, optional } from "./kinds.ts";

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const LONGEST_NAME = 253;
const MOST_HOSTS = 16;

/** Names as they stand in certificates and `Host` fields, without a port; `*.` stands for exactly one label. */
export const hostNames: Kind<readonly string[]> = kind(
  list(readHostName, { most: MOST_HOSTS }),
  "host names in lower case such as shop.example or *.shop.example, separated by commas",
  "`<host>` | `*.<host>`, comma-separated",
);

function readHostName(text: string): string | Refusal {
  const name = text.startsWith("*.") ? text.slice(2) : text;
  const labels = name.split(".");
  if (name.length > LONGEST_NAME || !labels.every((label) => LABEL.test(label))) {
    const found = /^(?:[a-z]+:\/\/|[^/]*[:/])/i.test(text) ? " without scheme, port and path" : "";
    return found === ""
      ? new Refusal()
      : new Refusal(`expected a host name${found}, got ${quote(text)}`);
  }
  // What ends in a number is an address to every client, and no client names an address when it asks for a certificate.
  if (/^\d+$/.test(labels.at(-1) ?? "")) {
    return new Refusal(`expected a host name, got the address ${quote(text)}`);
  }
  return text;
}

/** Without escapes, dots and empty segments: it reads the same to everybody. */
const PREFIX = /^(?:\/[A-Za-z0-9_~!$&'()*+,=:@-][A-Za-z0-9._~!$&'()*+,=:@-]*)*\/?$/;

/** Whole segments: `/api` is the beginning of `/api/orders`, not of `/apis`. */
export const pathPrefix: Kind<string> = kind(
  (text) => (text.startsWith("/") && PREFIX.test(text) ? text : new Refusal()),
  "a path that begins with /, without query, escapes and segments of dots, such as /api",
  "a path",
);

/** Of a file beside the others in the folder of certificates. */
const CERTIFICATE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export const edgeTls: Kind<string> = kind(
  (text) => (CERTIFICATE.test(text) ? text : new Refusal()),
  "off, self-made, or the name of a given certificate of letters, digits, dots, underscores and hyphens",
  "`off` | `self-made` | a certificate's name",
);

export const optionalPort: Kind<number | undefined> = optional(count(1, 65_535));
