// What Consul's UI may do in the browser. Its page has some inline scripts of its own, which differ from version to version and
// tell it its settings: each is allowed by its hash, so that one that somebody smuggles in by the name of a service is not.
import { createHash } from "node:crypto";

const SCRIPT = /<script\b([^>]*)>([\s\S]*?)<\/script\s*>/gi;

/** The Content-Security-Policy for the page. */
export function consulUiPolicy(page: string): string {
  const inline = [...page.matchAll(SCRIPT)].filter(
    ([, attributes = ""]) => !/\bsrc\s*=/i.test(attributes),
  );
  // Browsers read line ends so before they hash.
  const hashes = inline.map(([, , text = ""]) => hashOf(text.replace(/\r\n?/g, "\n")));
  return [
    "default-src 'none'",
    `script-src ${["'self'", ...new Set(hashes)].join(" ")}`,
    // Its editor and its charts set styles as attributes.
    "style-src 'self' 'unsafe-inline'",
    ...["img-src 'self' data:", "font-src 'self' data:", "connect-src 'self'"],
    ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
  ].join("; ");
}

function hashOf(script: string): string {
  return `'sha256-${createHash("sha256").update(script).digest("base64")}'`;
}
