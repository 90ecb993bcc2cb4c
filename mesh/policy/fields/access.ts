// Fields of access: who may call, with which token of an end user.
import { Refusal } from "../../refusal.ts";
import { type FieldsOf, field, fieldsWithin } from "../field.ts";
import { methods, path, pathPattern, readUrl } from "../http-kinds.ts";
import { boolean, kind, list, optional, readMatching, word } from "../kinds.ts";
import { headerConditions, nameConditions } from "../match-kinds.ts";
import type { AccessPolicy, AccessRule, CallerMatch, FieldMatch, JwtPolicy } from "../policy.ts";
import { callers } from "../service-kinds.ts";
import type { MatchFields } from "./traffic.ts";

interface AccessFields extends Omit<AccessPolicy, "rules"> {
  readonly allow: readonly CallerMatch[];
  readonly deny: readonly CallerMatch[];
}

export const ACCESS_FIELDS: FieldsOf<AccessFields> = {
  allow: field({
    name: "allow",
    kind: callers,
    fallback: "",
    concerns: "callee",
    meaning:
      "Services that may call, by short name within the project or by catalog name, `shop-*` by its beginning, " +
      "`anonymous` who comes without identity. As soon as one is named, all others are refused.",
    example: "web,api",
  }),
  deny: field({
    name: "deny",
    kind: callers,
    fallback: "",
    concerns: "callee",
    meaning: "Services that may not call. The more exact name decides, and at a tie the refusal.",
    example: "legacy-*",
  }),
  defaultAction: field({
    name: "default-action",
    kind: word("allow", "deny"),
    fallback: "allow",
    concerns: "callee",
    meaning:
      "What happens to callers of whom no rule speaks. In the policy of the whole mesh, `deny` closes every service that " +
      "does not open itself.",
    example: "deny",
  }),
  audit: field({
    name: "audit",
    kind: boolean,
    fallback: "false",
    concerns: "callee",
    meaning: "With `true`, what would be refused is only reported.",
    example: "true",
  }),
};

/** What a rule says, field by field. */
export interface RuleFields extends MatchFields {
  readonly enabled: boolean;
  /** Undefined: forgotten. */
  readonly action: AccessRule["action"] | undefined;
  readonly callers: readonly CallerMatch[];
  readonly claims: readonly FieldMatch[];
}

const rule = fieldsWithin("rule", "callee");

export const RULE_FIELDS: FieldsOf<RuleFields> = {
  enabled: rule("enabled", boolean, "false", "`false` puts the rule aside.", "true"),
  action: rule(
    "action",
    optional(word("allow", "deny")),
    "allow",
    "What it does; it must be given.",
  ),
  callers: rule("callers", callers, "web", "Whom it is about, written as in `allow`.", "*"),
  path: rule(
    "path",
    optional(path),
    "/admin",
    "The whole path. Of the three kinds of path at most one.",
  ),
  pathPrefix: rule("path-prefix", optional(path), "/admin/", "What the path begins with."),
  pathRegex: rule(
    "path-regex",
    optional(pathPattern),
    "/users/[0-9]+",
    "What the whole path matches.",
  ),
  methods: rule("methods", methods, "POST,DELETE", "The request's method is one of them."),
  headers: rule(
    "headers",
    headerConditions,
    "x-tenant=blue",
    "Conditions on header fields, written as in routes.",
  ),
  claims: rule(
    "claims",
    nameConditions,
    "role=admin",
    "The same on claims of the end user's token, which `jwt.issuer` and `jwt.jwks` verify.",
  ),
};

/** What `jwt.*` says; issuer and keys together make a policy. */
export interface JwtFields extends Omit<JwtPolicy, "issuer" | "jwks"> {
  readonly issuer: string | undefined;
  readonly jwks: string | undefined;
}

const printable = readMatching(/^[\x21-\x7e]{1,256}$/);

export const JWT_FIELDS: FieldsOf<JwtFields> = {
  issuer: field({
    name: "jwt.issuer",
    kind: optional(kind(printable, "an issuer without blanks", "text")),
    fallback: "",
    concerns: "callee",
    meaning: "Who must have issued the token that requests of end users carry (`iss`).",
    example: "https://login.example/",
  }),
  audiences: field({
    name: "jwt.audiences",
    kind: kind(
      list(printable, { most: 16 }),
      "audiences separated by commas",
      "texts, comma-separated",
    ),
    fallback: "",
    concerns: "callee",
    meaning: "For whom it must be: one of these (`aud`); empty: for anybody.",
    example: "shop,shop-admin",
  }),
  jwks: field({
    name: "jwt.jwks",
    kind: optional(
      kind(readJwks, "an https, http or file:/// URL", "`https://…` | `http://…` | `file:///…`"),
    ),
    fallback: "",
    concerns: "callee",
    meaning: "Where the agent gets the issuer's public keys, again and again.",
    example: "https://login.example/keys.json",
  }),
  required: field({
    name: "jwt.required",
    kind: boolean,
    fallback: "true",
    concerns: "callee",
    meaning:
      "Whether a request without token is refused. One with a token that does not verify always is.",
    example: "false",
  }),
  claims: field({
    name: "jwt.claims",
    kind: nameConditions,
    fallback: "",
    concerns: "callee",
    meaning: "Conditions on the token's claims, written as those on headers in routes.",
    example: "email_verified=true,tenant^=shop-",
  }),
};

function readJwks(text: string): string | Refusal {
  if (!/^(?:https?:\/\/[^/]|file:\/\/\/[^/])[\x21-\x7e]*$/.test(text)) return new Refusal();
  const url = readUrl(text);
  return url === undefined || url.hash !== "" ? new Refusal() : text;
}
