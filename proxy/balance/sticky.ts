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

/** What a cookie chooses among. */
export interface StickyChoice {
  /** The cookie's name. */
  readonly cookie: string;
  /** All endpoints of the service. */
  readonly group: EndpointGroup;
  /** Of these versions; undefined: of all. */
  readonly versions: ReadonlySet<string> | undefined;
}

/** The targets of one request, and the edits of its heads: for a service with `balance.sticky-cookie` they go together. */
export class StickyTargets implements Targets, Edits {
  readonly #targets: Targets;
  readonly #choice: StickyChoice;
  readonly #edits: Edits | undefined;
  /** Whom the client's cookie names. */
  readonly #named: Target | undefined;

  /** `targets`: for all but the first try of a client with a cookie; `edits`: those of the route, which come first. */
  constructor(targets: Targets, choice: StickyChoice, head: MessageHead, edits: Edits | undefined) {
    this.#targets = targets;
    this.#choice = choice;
    this.#edits = edits;
    this.#named = namedBy(choice, head);
  }

  next(key: number, tried: readonly Target[], repeatable: boolean): Target | undefined {
    const named = this.#named;
    const usable = named !== undefined && tried.length === 0 && this.#choice.group.accepts(named);
    return usable ? named : this.#targets.next(key, tried, repeatable);
  }

  request(head: MessageHead): MessageHead {
    return this.#edits === undefined ? head : this.#edits.request(head);
  }

  response(head: MessageHead, target: Target): MessageHead {
    const edited = this.#edits === undefined ? head : this.#edits.response(head, target);
    if (target === this.#named) return edited;
    const value = `${this.#choice.cookie}=${endpointDigest(target.id)}; Path=/; HttpOnly; SameSite=Lax`;
    const headers = { ...NO_HEADERS, add: [{ name: "set-cookie", value }] };
    return editor.response(edited, { headers, path: undefined });
  }
}

function namedBy({ cookie, group, versions }: StickyChoice, head: MessageHead): Target | undefined {
  const span = findCookie(head, cookie);
  if (span === undefined) return undefined;
  const digest = head.bytes.toString("latin1", span.start, span.end);
  const named = group.members.find((member) => member.digest === digest);
  // A client stays with its version when shares change; one that gets no requests any more is left.
  return versions === undefined || versions.has(named?.endpoint.version ?? "") ? named : undefined;
}
