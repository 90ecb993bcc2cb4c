// Which containers ask to be held, from what passes through the launcher anyway: pausing one is a matter of milliseconds, and a
// question about it first would cost some.
import { StringDecoder } from "node:string_decoder";
import { OWN_LABELS } from "../docker/container-facts.ts";

type Labels = Readonly<Record<string, string>>;

/** Labels that may hold an application; how they are meant is the agent's to say. */
const HOLDING = ["mesh.hold", "mesh.egress"];

export function asksForHold(labels: Labels): boolean {
  const isHolding = HOLDING.some((name) => labels[name] !== undefined);
  return isHolding && labels[OWN_LABELS.role] === undefined;
}

interface ContainerEvent {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Labels };
}

export class HeldContainers {
  readonly #ids = new Set<string>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  noteListed(
    containers: readonly { readonly Id: string; readonly Labels?: Labels | null }[],
  ): void {
    for (const { Id, Labels } of containers) if (asksForHold(Labels ?? {})) this.#ids.add(Id);
  }

  /** The engine's event stream, passed on and then looked at. */
  async *noteEvents(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    const decoder = new StringDecoder("utf8");
    let rest = "";
    for await (const chunk of source) {
      yield chunk;
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.trim() !== "") this.#noteEvent(line);
    }
  }

  /** Events about containers carry their labels. */
  #noteEvent(line: string): void {
    const { Type: type, Action: action, Actor: actor } = JSON.parse(line) as ContainerEvent;
    if (type !== "container" || actor?.ID === undefined) return;
    if (action === "destroy") this.#ids.delete(actor.ID);
    else if (asksForHold(actor.Attributes ?? {})) this.#ids.add(actor.ID);
  }
}
