// Sticky sessions: a cookie of the mesh keeps a client on the endpoint that served it first. The cookie names the endpoint
// by a digest of its id, the same in every sidecar; a value that names none, or one that cannot be used now, is as good as
// no cookie: the picker decides, and the client is given a new one. Where services stand in, which of them is asked is not
// up to the cookie: it names an endpoint within that one.
import type { Edits, Target, Targets } from "../http/plan.ts";
import type { MessageHead } from "../http1/message-head.ts";
import { HeadEditor, NO_HEADERS } from "../route/edit-head.ts";
import { endpointDigest } from "./endpoint-digest.ts";
import type { EndpointGroup } from "./endpoint-group.ts";
import { findCookie } from "./hash-key.ts";

/** An editor of our own: what is edited here may have been edited for the route before. */
const editor = new HeadEditor();

/** A service whose endpoints a cookie may name. */
export interface StickyPlace {
  /** All endpoints of the service. */
  readonly group: EndpointGroup;
  /** Of these versions; undefined: of all. */
  readonly versions: ReadonlySet<string> | undefined;
}

/** What a cookie chooses among. */
export interface StickyChoice {
  /** The cookie's name. */
  readonly cookie: string;
  /** The service itself first, then those that stand in for it. */
  readonly places: readonly StickyPlace[];
}

/** The targets of one request, and the edits of its heads: for a service with `balance.sticky-cookie` they go together. */
export class StickyTargets implements Targets, Edits {
  readonly #targets: Targets;
  readonly #choice: StickyChoice;
  readonly #edits: Edits | undefined;
  /** Whom the client's cookie names, and where it is. */
  #named: Target | undefined;
  #group: EndpointGroup | undefined;

  /** `targets`: for all but the first try of a client with a cookie; `edits`: those of the route, which come first. */
  constructor(targets: Targets, choice: StickyChoice, head: MessageHead, edits: Edits | undefined) {
    this.#targets = targets;
    this.#choice = choice;
    this.#edits = edits;
    const digest = digestIn(head, choice.cookie);
    if (digest !== undefined) for (const place of choice.places) this.#find(digest, place);
  }

  next(key: number, tried: readonly Target[], repeatable: boolean): Target | undefined {
    const named = this.#named;
    const group = this.#group;
    if (named === undefined || group === undefined || !group.accepts(named))
      return this.#targets.next(key, tried, repeatable);
    if (group === this.#choice.places[0]?.group && tried.length === 0) return named;
    const target = this.#targets.next(key, tried, repeatable);
    // Only where its service is the one to be asked now, and it has not failed this request.
    const isDue = group.contains(target) && !tried.includes(named);
    return isDue ? named : target;
  }

  request(head: MessageHead): MessageHead {
    return this.#edits === undefined ? head : this.#edits.request(head);
  }

  response(head: MessageHead, target: Target): MessageHead {
    const edited = this.#edits === undefined ? head : this.#edits.response(head, target);
    if (target === this.#named || !this.#canKeep(target)) return edited;
    const value = `${this.#choice.cookie}=${endpointDigest(target.id)}; Path=/; HttpOnly; SameSite=Lax`;
    const headers = { ...NO_HEADERS, add: [{ name: "set-cookie", value }] };
    return editor.response(edited, { headers, path: undefined });
  }

  /** A client is bound to no endpoint that is only probed: it would have to leave with its next request. */
  #canKeep(target: Target): boolean {
    return this.#choice.places.some(({ group }) => group.accepts(target));
  }

  #find(digest: string, { group, versions }: StickyPlace): void {
    if (this.#named !== undefined) return;
    const named = group.members.find((member) => member.digest === digest);
    // A client stays with its version when shares change; one that gets no requests any more is left.
    if (versions !== undefined && !versions.has(named?.endpoint.version ?? "")) return;
    this.#named = named;
    this.#group = group;
  }
}

function digestIn(head: MessageHead, cookie: string): string | undefined {
  const span = findCookie(head, cookie);
  return span && head.bytes.toString("latin1", span.start, span.end);
}
