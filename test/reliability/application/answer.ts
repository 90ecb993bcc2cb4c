// The application that is called while things happen to it: HTTP on 8080, gRPC on 9000, each answered with who it is. Well
// behaved, not more: it takes a moment to start, and from SIGTERM on takes no new connection and finishes what it has.
// Whoever does not come through the mesh is refused, so that nothing else is measured.
// A program, not a module: it runs as one file of its own.
import { createServer } from "node:http";
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";

/** Milliseconds until it listens, as applications load what they need first. */
const START = 500;
/** Milliseconds that an answer takes, so that there is always something in flight. */
const WORK = 10;
/** Tells who calls; nobody but a sidecar can say it. */
const CALLER = "x-forwarded-client-cert";

const pages = createServer((request, response) => {
  request.resume();
  if (request.headers[CALLER] === undefined) response.writeHead(421).end("not through the mesh");
  else setTimeout(() => response.end(hostname()), WORK);
});

const asIs = (message: Buffer): Buffer => message;
const calls = new Server();
calls.addService(
  {
    ask: {
      ...{ path: "/mesh.test.Answers/Ask", requestStream: false, responseStream: false },
      ...{ requestSerialize: asIs, requestDeserialize: asIs },
      ...{ responseSerialize: asIs, responseDeserialize: asIs },
    },
  },
  {
    ask: ({ metadata }: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      if (metadata.get(CALLER).length === 0) done({ code: status.FAILED_PRECONDITION });
      else setTimeout(() => done(null, Buffer.from(hostname())), WORK);
    },
  },
);

process.on("SIGTERM", () => {
  const ended = [
    new Promise<void>((resolve) => pages.close(() => resolve())),
    new Promise<void>((resolve) => calls.tryShutdown(() => resolve())),
  ];
  void Promise.all(ended).then(() => process.exit(0));
});

await pause(START);
pages.listen(8080, "0.0.0.0");
calls.bindAsync("0.0.0.0:9000", ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
