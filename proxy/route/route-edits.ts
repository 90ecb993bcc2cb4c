// What a route changes about the requests and responses that go its way.
import type { HeaderEdits, PathMatch, RoutePolicy } from "../../mesh/policy/policy.ts";
import type { Edits } from "../http/plan.ts";
import type { MessageHead } from "../http1/message-head.ts";
import { normalisePath } from "../match/normalise-path.ts";
import { splitTarget } from "../match/request-view.ts";
import { type HeadChange, HeadEditor } from "./edit-head.ts";
import { rewritePath } from "./rewrite.ts";

/** One for all exchanges: what an editor gives out is used before the next is asked for. */
const editor = new HeadEditor();

/** Undefined when nothing is changed. The match is a compiled one. */
export function routeEdits(route: RoutePolicy): Edits | undefined {
  const { rewrite, requestHeaders, responseHeaders } = route;
  const nothing = rewrite === undefined && isEmpty(requestHeaders) && isEmpty(responseHeaders);
  return nothing ? undefined : new RouteEdits(route);
}

function isEmpty({ set, add, remove }: HeaderEdits): boolean {
  return set.length + add.length + remove.length === 0;
}

class RouteEdits implements Edits {
  readonly #path: PathMatch | undefined;
  readonly #rewrite: string | undefined;
  readonly #request: HeaderEdits;
  readonly #response: HeadChange | undefined;

  constructor({ match, rewrite, requestHeaders, responseHeaders }: RoutePolicy) {
    this.#path = match.path;
    this.#rewrite = rewrite;
    this.#request = requestHeaders;
    this.#response = isEmpty(responseHeaders)
      ? undefined
      : { headers: responseHeaders, path: undefined };
  }

  request(head: MessageHead): MessageHead {
    const path = this.#rewritten(head);
    if (path === undefined && isEmpty(this.#request)) return head;
    return editor.request(head, { headers: this.#request, path });
  }

  response(head: MessageHead): MessageHead {
    return this.#response === undefined ? head : editor.response(head, this.#response);
  }

  #rewritten(head: MessageHead): string | undefined {
    if (this.#rewrite === undefined || this.#path === undefined) return undefined;
    const path = normalisePath(splitTarget(head.targetText()).path);
    return path === undefined ? undefined : rewritePath(path, this.#path, this.#rewrite);
  }
}
