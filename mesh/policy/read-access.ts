// Rules about callers and tokens of a document. What is not understood here never opens a door: an unread condition of
// a permission makes it permit nobody, an unread condition of a refusal makes it refuse more.
import type { DocumentReader } from "./document-reader.ts";
import { ACCESS_FIELDS, JWT_FIELDS, RULE_FIELDS, type RuleFields } from "./fields/access.ts";
import type {
  AccessPolicy,
  AccessRule,
  CallerMatch,
  FieldMatch,
  JwtPolicy,
  RequestMatch,
} from "./policy.ts";
import { assembleMatch, complainOfPaths } from "./read-match.ts";

const ANY_CALLER: readonly CallerMatch[] = [{ kind: "any" }];
const ANY_REQUEST: RequestMatch = { path: undefined, methods: [], headers: [], query: [] };

export function readAccess(reader: DocumentReader): AccessPolicy {
  const { allow, deny, defaultAction, audit } = reader.readAll(ACCESS_FIELDS);
  const rules: AccessRule[] = [];
  if (allow.length > 0 || reader.isUnread("allow")) rules.push(plainRule("allow", allow));
  if (deny.length > 0) rules.push(plainRule("deny", deny));
  if (reader.isUnread("deny")) rules.push(plainRule("deny", ANY_CALLER));
  for (const name of reader.entries("rule")) {
    const rule = readRule(reader, name);
    if (rule !== undefined) rules.push(rule);
  }
  // Of a rule whose name is not understood nobody knows whom it would have refused, or what its permission kept others from.
  if (reader.isUnread("rule.")) rules.push(plainRule("allow", []));
  return {
    defaultAction: reader.isUnread("default-action") ? "deny" : defaultAction,
    audit,
    rules,
  };
}

function plainRule(action: AccessRule["action"], callers: readonly CallerMatch[]): AccessRule {
  return { name: action, action, callers, match: ANY_REQUEST, claims: [] };
}

const CONDITIONS = ["callers", "path", "path-prefix", "path-regex", "methods", "headers", "claims"];

function readRule(reader: DocumentReader, name: string): AccessRule | undefined {
  const within = `rule.${name}.`;
  const fields = reader.readEntry<RuleFields>(RULE_FIELDS, name);
  const { action, claims } = fields;
  const problems = reader.problems.length;
  complainOfPaths(reader, fields, within);
  const contradicts = reader.problems.length > problems;
  if (!fields.enabled) return undefined;
  if (action === undefined && !reader.isUnread(`${within}action`)) {
    reader.complainOfConflict(`${within}action`, "expected allow or deny, found nothing");
  }
  const unclear =
    contradicts ||
    reader.isUnread(within) ||
    CONDITIONS.some((key) => reader.isUnread(`${within}${key}`));
  if (action !== "deny") {
    // A rule without an action permits nobody, so that those it would have refused are not let in by chance.
    const callers = unclear || action === undefined ? [] : fields.callers;
    return { name, action: "allow", callers, match: assembleMatch(fields), claims };
  }
  const callers = reader.isUnread(`${within}callers`) ? ANY_CALLER : fields.callers;
  const match = contradicts ? ANY_REQUEST : assembleMatch(fields);
  return { name, action, callers, match, claims };
}

/** An expression that matches no text, of a claim that no token has. */
const IMPOSSIBLE: FieldMatch = { name: "", kind: "regex", text: "", matcher: undefined };

export function readJwt(reader: DocumentReader): JwtPolicy | undefined {
  const { issuer, jwks, audiences, required, claims } = reader.readAll(JWT_FIELDS);
  const known = Object.values(JWT_FIELDS).map(({ name }) => name);
  const unclear = [...known, "jwt."].some((name) => reader.isUnread(name));
  const half = (issuer === undefined) !== (jwks === undefined);
  if (half && !unclear) {
    const [given, missing] =
      issuer === undefined ? ["jwt.jwks", "jwt.issuer"] : ["jwt.issuer", "jwt.jwks"];
    reader.complainOfConflict(given, `expected ${missing} beside it, found nothing`);
  }
  if (unclear || half) {
    return {
      issuer: issuer ?? "",
      audiences,
      jwks: jwks ?? "",
      required: true,
      claims: [IMPOSSIBLE],
    };
  }
  return issuer === undefined || jwks === undefined
    ? undefined
    : { issuer, audiences, jwks, required, claims };
}
