// nginx: one worker, kept connections to whatever comes next, x-forwarded-for added before the backend.
import { CALLEE_NAME } from "../certificate-files.ts";
import type { Peer, Program } from "../peer.ts";
import type { Site } from "../site.ts";

const NGINX: Program = {
  name: "nginx",
  variable: "MESH_BENCH_NGINX",
  install: "apt-get install nginx-light",
  versionOption: "-v",
};

const FORWARDED = "proxy_set_header x-forwarded-for $proxy_add_x_forwarded_for;";

interface Server {
  /** Of this process; its files begin with it. */
  readonly name: string;
  readonly listen: string;
  readonly upstreamPort: number;
  readonly scheme: "http" | "https";
  readonly more?: string;
}

/** Buffers large enough for 64 KiB, so that no body goes through a file. */
function configuration({ name, listen, upstreamPort, scheme, more = "" }: Server): string {
  return `
daemon off;
user root;
pid ${name}.pid;
error_log stderr error;
worker_processes 1;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${name}-body;
  proxy_temp_path ${name}-proxy;
  fastcgi_temp_path ${name}-fastcgi;
  scgi_temp_path ${name}-scgi;
  uwsgi_temp_path ${name}-uwsgi;
  keepalive_requests 1000000000;
  upstream next {
    server 127.0.0.1:${upstreamPort} max_fails=0;
    keepalive 512;
    keepalive_requests 1000000000;
  }
  server {
    listen ${listen};
    ${more}
    location / {
      proxy_pass ${scheme}://next;
      proxy_http_version 1.1;
      proxy_set_header connection "";
      proxy_set_header host $host;
      ${scheme === "http" ? FORWARDED : ""}
      proxy_buffers 16 16k;
      proxy_max_temp_file_size 0;
    }
  }
}
`;
}

async function start(site: Site, program: string, server: Server): Promise<void> {
  const file = await site.write(`${server.name}.conf`, configuration(server));
  site.start([program, "-p", `${site.folder}/`, "-c", file]);
}

async function startHop(site: Site, program: string): Promise<number> {
  const port = await site.port();
  const listen = `127.0.0.1:${port}`;
  const upstreamPort = site.backendPort;
  await start(site, program, { name: "hop", listen, upstreamPort, scheme: "http" });
  await site.accepting(port);
  return port;
}

async function startPair(site: Site, program: string): Promise<number> {
  const { root, caller, callee } = site.certificates;
  const [port, tlsPort] = [await site.port(), await site.port()];
  await start(site, program, {
    ...{ name: "callee", listen: `127.0.0.1:${tlsPort} ssl`, scheme: "http" },
    upstreamPort: site.backendPort,
    more: `ssl_protocols TLSv1.3;
    ssl_certificate ${callee.certificate};
    ssl_certificate_key ${callee.key};
    ssl_client_certificate ${root};
    ssl_verify_client on;`,
  });
  await start(site, program, {
    ...{ name: "caller", listen: `127.0.0.1:${port}`, scheme: "https" },
    upstreamPort: tlsPort,
    more: `proxy_ssl_protocols TLSv1.3;
    proxy_ssl_certificate ${caller.certificate};
    proxy_ssl_certificate_key ${caller.key};
    proxy_ssl_trusted_certificate ${root};
    proxy_ssl_verify on;
    proxy_ssl_server_name on;
    proxy_ssl_name ${CALLEE_NAME};`,
  });
  await site.accepting(tlsPort);
  await site.accepting(port);
  return port;
}

export const nginxHop: Peer = {
  name: "nginx hop",
  shape: "hop",
  program: NGINX,
  start: startHop,
};

export const nginxPair: Peer = {
  name: "nginx pair",
  shape: "pair",
  program: NGINX,
  start: startPair,
};
