// A request and a response of the usual size, for measuring what one costs.

export const REQUEST: Buffer = Buffer.from(
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

/** Its head; a body of 100 bytes belongs to it. */
export const RESPONSE_HEAD: Buffer = Buffer.from(
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

export const RESPONSE: Buffer = Buffer.concat([RESPONSE_HEAD, Buffer.alloc(100, "a")]);
