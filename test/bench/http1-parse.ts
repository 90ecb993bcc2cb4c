// What reading and writing one head costs, without sockets: nanoseconds per head, the best of several rounds.
// node test/bench/http1-parse.ts
import { FRAMING, METHOD, MessageHead } from "../../proxy/http1/message-head.ts";
import { parseRequestHead } from "../../proxy/http1/parse-request.ts";
import { parseResponseHead } from "../../proxy/http1/parse-response.ts";
import { HEAD_LIMITS } from "../../proxy/http1/violation.ts";
import {
  CONNECTION,
  type RequestEdit,
  type ResponseEdit,
  writeRequestHead,
  writeResponseHead,
} from "../../proxy/http1/write-head.ts";
import { REQUEST, RESPONSE_HEAD } from "./usual-messages.ts";

const EDIT: RequestEdit = {
  added: Buffer.from("x-mesh-caller: web\r\n"),
  forwardedFor: Buffer.from("192.0.2.7"),
  host: Buffer.from("catalog"),
  http2: false,
  timeLeft: undefined,
  trace: undefined,
};
const RESPONSE_EDIT: ResponseEdit = { connection: CONNECTION.NONE, framing: FRAMING.LENGTH };

const ROUNDS = 10;
const HEADS_PER_ROUND = 200_000;

const head = new MessageHead();
const out = Buffer.alloc(4_096);

function measure(name: string, bytes: number, once: () => number): void {
  let best = Number.POSITIVE_INFINITY;
  let total = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const begin = process.hrtime.bigint();
    for (let index = 0; index < HEADS_PER_ROUND; index += 1) total += once();
    best = Math.min(best, Number(process.hrtime.bigint() - begin) / HEADS_PER_ROUND);
  }
  if (total <= 0) throw new Error(`${name} was refused: ${head.violation?.reason}`);
  console.log(`${name.padEnd(28)} ${best.toFixed(0).padStart(6)} ns   (${bytes} bytes)`);
}

const parseRequest = (): number => parseRequestHead(head, REQUEST, 0, REQUEST.length, HEAD_LIMITS);
const parseResponse = (): number =>
  parseResponseHead(head, RESPONSE_HEAD, 0, RESPONSE_HEAD.length, HEAD_LIMITS, METHOD.GET);

measure("request: parse", REQUEST.length, parseRequest);
measure("request: parse and write", REQUEST.length, () => {
  parseRequest();
  return writeRequestHead(out, 0, head, EDIT);
});
measure("response: parse", RESPONSE_HEAD.length, parseResponse);
measure("response: parse and write", RESPONSE_HEAD.length, () => {
  parseResponse();
  return writeResponseHead(out, 0, head, RESPONSE_EDIT);
});
