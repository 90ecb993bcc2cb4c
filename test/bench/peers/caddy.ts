// Caddy: x-forwarded-for and its kin added, as it does by itself; between the members of a pair what it chooses by
// itself, which is HTTP/2.
import { CALLEE_NAME } from "../certificate-files.ts";
import type { Peer, Program } from "../peer.ts";
import type { Site } from "../site.ts";

const CADDY: Program = {
  name: "caddy",
  variable: "MESH_BENCH_CADDY",
  install: "apt-get install caddy",
  versionOption: "version",
};

const GLOBAL = `{
  admin off
  auto_https off
  log {
    level ERROR
  }
}
`;

async function start(site: Site, program: string, name: string, text: string): Promise<void> {
  const file = await site.write(`${name}.caddyfile`, `${GLOBAL}${text}`);
  site.start([program, "run", "--adapter", "caddyfile", "--config", file], {
    ...{ GOMAXPROCS: "1", HOME: site.folder, XDG_DATA_HOME: site.folder },
    XDG_CONFIG_HOME: site.folder,
  });
}

async function startHop(site: Site, program: string): Promise<number> {
  const port = await site.port();
  const text = `http://:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${site.backendPort} {
    transport http {
      compression off
      keepalive_idle_conns_per_host 512
    }
  }
}
`;
  await start(site, program, "hop", text);
  await site.accepting(port);
  return port;
}

async function startPair(site: Site, program: string): Promise<number> {
  const { root, caller, callee } = site.certificates;
  const [port, tlsPort] = [await site.port(), await site.port()];
  const inbound = `https://${CALLEE_NAME}:${tlsPort} {
  bind 127.0.0.1
  tls ${callee.certificate} ${callee.key} {
    protocols tls1.3
    client_auth {
      mode require_and_verify
      trusted_ca_cert_file ${root}
    }
  }
  reverse_proxy 127.0.0.1:${site.backendPort} {
    transport http {
      compression off
      keepalive_idle_conns_per_host 512
    }
  }
}
`;
  const outbound = `http://:${port} {
  bind 127.0.0.1
  reverse_proxy https://127.0.0.1:${tlsPort} {
    header_up Host ${CALLEE_NAME}
    transport http {
      compression off
      keepalive_idle_conns_per_host 512
      tls_client_auth ${caller.certificate} ${caller.key}
      tls_trusted_ca_certs ${root}
      tls_server_name ${CALLEE_NAME}
    }
  }
}
`;
  await start(site, program, "callee", inbound);
  await start(site, program, "caller", outbound);
  await site.accepting(tlsPort);
  await site.accepting(port);
  return port;
}

export const caddyHop: Peer = {
  name: "caddy hop",
  shape: "hop",
  program: CADDY,
  start: startHop,
};

export const caddyPair: Peer = {
  name: "caddy pair",
  shape: "pair",
  program: CADDY,
  start: startPair,
};
