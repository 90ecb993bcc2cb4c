// A proxy of http-proxy-middleware with kept connections: `node http-proxy-middleware-hop.ts <port> <backend's port>`.
import { Agent, createServer } from "node:http";
import { createProxyMiddleware } from "http-proxy-middleware";

const [port, backendPort] = process.argv.slice(2).map(Number);
const forward = createProxyMiddleware({
  target: `http://127.0.0.1:${backendPort}`,
  agent: new Agent({ keepAlive: true }),
  xfwd: true,
});

createServer((incoming, outgoing) => {
  forward(incoming, outgoing).catch(() => outgoing.destroy());
}).listen(port, "127.0.0.1");
