// Messages in a form that can be compared: what a case expects beside what was read.
import { type ExpectedMessage, toBytes } from "./http1-cases.ts";
import type { Message } from "./http1-messages.ts";

/** What counts about a message: the order of fields does so among those of one name alone. */
export function describeMessage({ line, fields, body, trailers }: Message): object {
  const byName = new Map<string, string[]>();
  for (const [name, value] of fields) byName.set(name, [...(byName.get(name) ?? []), value]);
  return { line, fields: [...byName].sort(), body, trailers };
}

/** `host` is what the proxy fills in for a request without one. */
export function describeExpected(message: ExpectedMessage, host: string): object {
  const split = (line: string): readonly [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2).replace("{host}", host)];
  };
  return describeMessage({
    line: message.line,
    fields: message.fields.map(split),
    body: toBytes(message.body ?? "").toString("latin1"),
    trailers: (message.trailers ?? []).map(split),
  });
}
