// Consul's intentions as the page shows them. Pure.
import type { IntentionsView } from "../../mesh/policy/intention.ts";
import { matchDocument } from "../policy/own-intentions.ts";
import type { IntentionsList } from "./view.ts";

export function listIntentions({
  defaultAction,
  intentions,
  problems,
}: IntentionsView): IntentionsList {
  return {
    defaultAction,
    intentions: intentions.map(({ source, destination, action, permissions }) => ({
      ...{ source, destination, action },
      permissions: permissions.map((permission) => ({
        action: permission.action,
        match: matchDocument(permission.match),
      })),
    })),
    problems,
  };
}
