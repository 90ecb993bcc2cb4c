// A proxy on node:http with kept connections: `node node-http-hop.ts <port> <backend's port>`.
import { Agent, createServer, request } from "node:http";

const [port, backendPort] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true });

createServer((incoming, outgoing) => {
  const { method = "GET", url = "/", headers, socket } = incoming;
  const forwarded = request({
    ...{ host: "127.0.0.1", port: backendPort, method, path: url, agent },
    headers: { ...headers, "x-forwarded-for": socket.remoteAddress ?? "" },
  });
  forwarded.once("response", (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  });
  forwarded.once("error", () => outgoing.destroy());
  incoming.pipe(forwarded);
}).listen(port, "127.0.0.1");
