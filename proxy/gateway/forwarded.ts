// What requests say about their client: the words of strangers are taken out, and the gateway's own put in their place.
import { FIELD, type MessageHead } from "../http1/message-head.ts";

/** Fields that say by whom, for whom and over what a request came, and those that proxies of a mesh obey. */
const CLAIMS =
  /^(?:forwarded|x-real-ip|x-client-ip|true-client-ip|x-original-.*|x-forwarded-.*|x-envoy-.*)$/;

const FORWARDED_AS = ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"] as const;

/** What a gateway says about a request. */
export interface Forwarding {
  readonly proto: "http" | "https";
  /** As the client wrote it. */
  readonly host: string;
  readonly port: number;
}

/** Takes out of the head all that a client who is not trusted says about itself; the head is the request's own from then on. */
export function dropClaims(head: MessageHead): void {
  const { bytes, count, names, nameStart, nameEnd } = head;
  for (let index = 0; index < count; index += 1) {
    const start = nameStart[index] as number;
    const first = (bytes[start] as number) | 0x20;
    // `f`, `t` and `x`: the others need not be looked at.
    if (first !== 0x66 && first !== 0x74 && first !== 0x78) continue;
    const name = bytes.toString("latin1", start, nameEnd[index]).toLowerCase().replaceAll("_", "-");
    if (CLAIMS.test(name)) names[index] = FIELD.DISBELIEVED;
  }
}

/** Field lines that say what is not said yet: a trusted proxy has spoken before us. */
export function forwardingLines(forwarding: Forwarding, said: MessageHead | undefined): Buffer {
  const { proto, host, port } = forwarding;
  const values = [proto, host, String(port)];
  const lines = FORWARDED_AS.map((name, index) =>
    said?.fieldText(name) === undefined ? `${name}: ${values[index]}\r\n` : "",
  );
  return Buffer.from(lines.join(""), "latin1");
}
