// The token that a request carries (RFC 6750 §2.1). Only the Authorization field counts: tokens in queries end up in logs.
import type { RequestView } from "../match/request-view.ts";

/** Longest token, characters: longer ones cost more than they can be worth. */
export const LONGEST_TOKEN = 8_192;

/** The scheme's name, then anything that cannot be a part of it: many applications split at any white space, or at none. */
const BEARER = /^Bearer(?![A-Za-z0-9!#$%&'*+.^_`|~-])/i;
const BLANKS = /^ +/;
/** Three parts in base64url (RFC 7515 §7.1). */
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** `text` is a token to be verified, `problem` says why there is none that could be. */
export type Bearer =
  | { readonly kind: "none" }
  | { readonly kind: "unusable"; readonly problem: string }
  | { readonly kind: "token"; readonly text: string };

const NONE: Bearer = { kind: "none" };

export function readBearer(view: RequestView): Bearer {
  const values = view.field("authorization", true);
  if (values.length > 1) return unusable("several Authorization fields");
  const [value = ""] = values;
  const scheme = BEARER.exec(value)?.[0];
  // Other schemes are the application's own business.
  if (scheme === undefined) return NONE;
  const text = value.slice(scheme.length).replace(BLANKS, "");
  if (text.length > LONGEST_TOKEN)
    return unusable(`a token of more than ${LONGEST_TOKEN} characters`);
  return COMPACT.test(text)
    ? { kind: "token", text }
    : unusable("something that is no signed token");
}

function unusable(problem: string): Bearer {
  return { kind: "unusable", problem };
}
