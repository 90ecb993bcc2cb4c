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

const REQUEST = Buffer.from(
  [
    "GET /products/4711?currency=EUR HTTP/1.1",
    "Host: catalog.shop.svc.cluster.local",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    "Accept: application/json, text/plain, */*",
    "Accept-Encoding: gzip, deflate, br",
    "Accept-Language: en-US,en;q=0.9",
    "Cookie: session=4b1c9d2e7f6a4c3d8e5f0a1b2c3d4e5f",
    "X-Request-Id: 7f9c24e8b3d64a1f9d7e0c5b8a6f1234",
    "",
    "",
  ].join("\r\n"),
);

const RESPONSE = Buffer.from(
  [
    "HTTP/1.1 200 OK",
    "Server: nginx/1.22.1",
    "Date: Sun, 22 Nov 2026 23:23:42 GMT",
    "Content-Type: application/json; charset=utf-8",
    "Content-Length: 100",
    "Cache-Control: no-store",
    "X-Request-Id: 7f9c24e8b3d64a1f9d7e0c5b8a6f1234",
    "",
    "",
  ].join("\r\n"),
);

const EDIT: RequestEdit = {
  added: Buffer.from("x-mesh-caller: web\r\n"),
  forwardedFor: Buffer.from("192.0.2.7"),
  host: Buffer.from("catalog"),
  http2: false,
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
  parseResponseHead(head, RESPONSE, 0, RESPONSE.length, HEAD_LIMITS, METHOD.GET);

measure("request: parse", REQUEST.length, parseRequest);
measure("request: parse and write", REQUEST.length, () => {
  parseRequest();
  return writeRequestHead(out, 0, head, EDIT);
});
measure("response: parse", RESPONSE.length, parseResponse);
measure("response: parse and write", RESPONSE.length, () => {
  parseResponse();
  return writeResponseHead(out, 0, head, RESPONSE_EDIT);
});
