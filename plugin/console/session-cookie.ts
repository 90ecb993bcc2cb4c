// The cookie that holds a session's id. Browsers keep cookies by host, not by port: its name holds the port, so that consoles of
// several nodes, reached through one address, do not log each other out.

const ID = /^[A-Za-z0-9_-]{43}$/;

export interface CookiePlace {
  readonly port: string;
  /** Whether the browser speaks TLS with us. */
  readonly isSecure: boolean;
}

/** The id in a Cookie field; undefined without one, and when several are there of which one must be somebody else's. */
export function readSessionId(field: string | undefined, place: CookiePlace): string | undefined {
  const name = nameOf(place);
  const found = (field ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  const [id] = found;
  return found.length === 1 && id !== undefined && ID.test(id) ? id : undefined;
}

/** A Set-Cookie field that holds for so many seconds; with 0 the browser forgets it. */
export function writeSessionCookie(id: string, seconds: number, place: CookiePlace): string {
  const secure = place.isSecure ? "; Secure" : "";
  return `${nameOf(place)}=${id}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`;
}

function nameOf({ port, isSecure }: CookiePlace): string {
  return `${isSecure ? "__Host-" : ""}mesh-session-${port}`;
}
