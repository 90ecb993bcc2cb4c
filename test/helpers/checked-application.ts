// The application that specifications of health checks put into containers: it answers with who it is, and tells each kind
// of check how it is. SIGUSR2 makes it ill, SIGHUP well. A program, not a module: it runs as one file of its own.
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { hostname } from "node:os";
import { Server, ServerCredentials } from "@grpc/grpc-js";

const SERVING = 1;
const NOT_SERVING = 2;

let well = true;

createHttpServer(({ url }, response) => {
  response.statusCode = url === "/health" && !well ? 503 : 200;
  response.end(JSON.stringify({ replica: hostname() }));
}).listen(8080, "0.0.0.0");

const lines = createServer((socket) => socket.on("error", () => undefined).resume());
lines.listen(7000, "0.0.0.0");

const asIs = (message: Buffer): Buffer => message;
const health = new Server();
health.addService(
  {
    check: {
      ...{ path: "/grpc.health.v1.Health/Check", requestStream: false, responseStream: false },
      ...{ requestSerialize: asIs, requestDeserialize: asIs },
      ...{ responseSerialize: asIs, responseDeserialize: asIs },
    },
  },
  {
    check: (_: unknown, done: (error: null, answer: Buffer) => void) =>
      // HealthCheckResponse: its one field, the status.
      done(null, Buffer.from([8, well ? SERVING : NOT_SERVING])),
  },
);
health.bindAsync("0.0.0.0:9000", ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});

process.on("SIGUSR2", () => {
  well = false;
  lines.close();
});
process.on("SIGHUP", () => {
  well = true;
  if (!lines.listening) lines.listen(7000, "0.0.0.0");
});
process.on("SIGTERM", () => process.exit(0));
