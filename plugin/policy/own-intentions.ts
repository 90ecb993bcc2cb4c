// Consul's intentions about one service as its sidecars get them: what a request must be like is said there in the words of
// policies, which the sidecar reads with the reader it has anyway. Pure.
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import {
  type IntentionsView,
  intentionsFor,
  type Permission,
} from "../../mesh/policy/intention.ts";
import { joinList } from "../../mesh/policy/kinds.ts";
import { writeCondition } from "../../mesh/policy/match-kinds.ts";
import type { FieldMatch, RequestMatch } from "../../mesh/policy/policy.ts";
import type { OwnIntentions } from "../../proxy/configuration/snapshot.ts";

export function ownIntentions(view: IntentionsView, service: string): OwnIntentions {
  return {
    defaultAction: view.defaultAction,
    list: intentionsFor(view, service).map(({ source, action, permissions }) => ({
      source,
      action,
      permissions: permissions.map(({ action: does, match }: Permission) => ({
        action: does,
        match: matchDocument(match),
      })),
    })),
  };
}

/** The document that reads as the match. */
export function matchDocument({ path, methods, headers, query }: RequestMatch): PolicyDocument {
  const document: Record<string, string> = {};
  if (path?.kind === "exact") document["path"] = path.text;
  if (path?.kind === "prefix") document["path-prefix"] = path.text;
  if (path?.kind === "regex") document["path-regex"] = path.matcher.source;
  if (methods.length > 0) document["methods"] = methods.join(",");
  if (headers.length > 0) document["headers"] = conditions(headers);
  if (query.length > 0) document["query"] = conditions(query);
  return document;
}

/** A backslash at an entry's end would take the comma after it: such an entry comes last. */
function conditions(matches: readonly FieldMatch[]): string {
  const entries = matches.map(writeCondition);
  return joinList(entries.toSorted((a, b) => Number(a.endsWith("\\")) - Number(b.endsWith("\\"))));
}
