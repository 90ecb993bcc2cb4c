// Sticky sessions: a cookie of the mesh keeps a client on the endpoint that served it first. The cookie names the endpoint
// by a digest of its id, the same in every sidecar; a value that names none, or one that cannot be used now, is as good as
// no cookie: the picker decides, and the client is given a new one.
import type { Edits, Target, Targets } from "../http/plan.ts";
import type { MessageHead } from "../http1/message-head.ts";
import { HeadEditor, NO_HEADERS } from "../route/edit-head.ts";
import { endpointDigest } from "./endpoint-digest.ts";
import type { EndpointGroup } from "./endpoint-group.ts";
import { findCookie } from "./hash-key.ts";

/** An editor of our own: what is edited here may have been edited for the route before. */
const editor = new HeadEditor();

/** The targets of one request, and the edits of its heads: for a service with `balance.sticky-cookie` they go together. */
export class StickyTargets implements Targets, Edits {
  readonly #group: EndpointGroup;
  readonly #cookie: string;
  readonly #edits: Edits | undefined;
  /** Whom the client's cookie names. */
  readonly #named: Target | undefined;

  /** `cookie`: its name; `edits`: those of the request's route, which come first. */
  constructor(group: EndpointGroup, cookie: string, head: MessageHead, edits: Edits | undefined) {
    this.#group = group;
    this.#cookie = cookie;
    this.#edits = edits;
    this.#named = namedBy(group, head, cookie);
  }

  next(key: number, tried: readonly Target[], repeatable: boolean): Target | undefined {
    const named = this.#named;
    if (named !== undefined && tried.length === 0 && this.#group.accepts(named)) return named;
    return this.#group.next(key, tried, repeatable);
  }

  request(head: MessageHead): MessageHead {
    return this.#edits === undefined ? head : this.#edits.request(head);
  }

  response(head: MessageHead, target: Target): MessageHead {
    const edited = this.#edits === undefined ? head : this.#edits.response(head, target);
    if (target === this.#named) return edited;
    const value = `${this.#cookie}=${endpointDigest(target.id)}; Path=/; HttpOnly; SameSite=Lax`;
    const headers = { ...NO_HEADERS, add: [{ name: "set-cookie", value }] };
    return editor.response(edited, { headers, path: undefined });
  }
}

function namedBy(group: EndpointGroup, head: MessageHead, cookie: string): Target | undefined {
  const span = findCookie(head, cookie);
  if (span === undefined) return undefined;
  const digest = head.bytes.toString("latin1", span.start, span.end);
  return group.members.find((member) => member.digest === digest);
}
