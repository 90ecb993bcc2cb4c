import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { interceptionRules } from "../../../plugin/docker/interception-rules.ts";

const PERMISSIVE = `\
table ip docker_mesh
delete table ip docker_mesh
table inet docker_mesh_guard
delete table inet docker_mesh_guard
table ip docker_mesh {
  chain outbound {
    type nat hook output priority -110; policy accept;
    ip daddr 127.64.0.0/10 tcp dport < 32768 dnat to :tcp dport | 32768
  }
  chain inbound {
    type nat hook prerouting priority -110; policy accept;
    iifname != "lo" tcp dport 8080 redirect to :21100
    iifname != "lo" tcp dport 9090 redirect to :21101
  }
}`;

const STRICT = `\
table ip docker_mesh
delete table ip docker_mesh
table inet docker_mesh_guard
delete table inet docker_mesh_guard
table ip docker_mesh {
  chain outbound {
    type nat hook output priority -110; policy accept;
    ip daddr 127.64.0.0/10 tcp dport < 32768 dnat to :tcp dport | 32768
  }
}
table inet docker_mesh_guard {
  chain inbound {
    type filter hook input priority 0; policy accept;
    iifname != "lo" tcp dport != 21000-21099 tcp flags & (fin|syn|rst|ack) == syn reject with tcp reset
  }
}`;

const DENY = `\
table ip docker_mesh
delete table ip docker_mesh
table inet docker_mesh_guard
delete table inet docker_mesh_guard
table ip docker_mesh {
  chain outbound {
    type nat hook output priority -110; policy accept;
    ip daddr 127.64.0.0/10 tcp dport < 32768 dnat to :tcp dport | 32768
  }
}
table inet docker_mesh_guard {
  chain inbound {
    type filter hook input priority 0; policy accept;
    iifname != "lo" tcp dport != 21000-21099 tcp flags & (fin|syn|rst|ack) == syn reject with tcp reset
  }
  chain outbound {
    type filter hook output priority 0; policy accept;
    oifname "lo" accept
    ip daddr 127.0.0.0/8 accept
    ct direction reply accept
    meta l4proto { 1, 58 } ct state related accept
    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-report, mld2-listener-report } accept
    ip daddr != { 198.18.4.1 } ip daddr 198.18.4.9/24 accept
    ip6 daddr != { fd00:4::1 } ip6 daddr fd00:4::9/64 accept
    meta skuid 0 meta skgid 0 udp dport 53 udp length <= 520 accept
    meta l4proto 6 reject with tcp reset
    reject with icmpx type admin-prohibited
  }
}`;

const LIST = `\
table ip docker_mesh
delete table ip docker_mesh
table inet docker_mesh_guard
delete table inet docker_mesh_guard
table ip docker_mesh {
  chain outbound {
    type nat hook output priority -110; policy accept;
    ip daddr 127.64.0.0/10 tcp dport < 32768 dnat to :tcp dport | 32768
    meta skgid 21000 return
    oifname "lo" return
    ip daddr != { 198.18.4.1 } ip daddr 198.18.4.9/24 return
    ip daddr 192.0.2.7 return
    ip daddr 203.0.113.9 meta l4proto { 6, 17 } th dport 443 return
    tcp dport 443 dnat to 127.128.0.1:33211
    tcp dport 40443 dnat to 127.128.0.2:40443
  }
  chain inbound {
    type nat hook prerouting priority -110; policy accept;
  }
}
table inet docker_mesh_guard {
  chain outbound {
    type filter hook output priority 0; policy accept;
    meta skgid 21000 ct mark set 21000
    ct mark 21000 accept
    oifname "lo" accept
    ip daddr 127.0.0.0/8 accept
    ct direction reply accept
    meta l4proto { 1, 58 } ct state related accept
    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-report, mld2-listener-report } accept
    ip daddr != { 198.18.4.1 } ip daddr 198.18.4.9/24 accept
    ip6 daddr != { fd00:4::1 } ip6 daddr fd00:4::9/64 accept
    ip daddr 198.18.9.9 meta l4proto { 6, 17 } th dport 53 accept
    ip6 daddr fd00:9::9 meta l4proto { 6, 17 } th dport 53 accept
    ip daddr 203.0.113.0/24 meta l4proto { 6, 17 } th dport 5432 accept
    ip daddr 192.0.2.7 accept
    ip daddr 203.0.113.9 meta l4proto { 6, 17 } th dport 443 accept
    ip6 daddr 2001:db8::/32 meta l4proto { 6, 17 } th dport 443 accept
    meta l4proto 6 reject with tcp reset
    reject with icmpx type admin-prohibited
  }
}`;

describe("the redirection of a namespace", () => {
  it("permissive: leads plaintext from outside to the sidecar, port by port", () => {
    const rules = interceptionRules({
      mtls: "permissive",
      redirected: [
        { port: 8080, plaintextPort: 21_100 },
        { port: 9090, plaintextPort: 21_101 },
      ],
      egress: "allow",
    });
    assert.equal(rules, PERMISSIVE);
  });

  it("strict: resets what comes from outside and is not mutual TLS", () => {
    assert.equal(interceptionRules({ mtls: "strict", redirected: [], egress: "allow" }), STRICT);
  });

  const SURROUNDINGS = {
    subnets: ["198.18.4.9/24", "fd00:4::9/64"],
    gateways: ["198.18.4.1", "fd00:4::1"],
    nameServers: [],
  };

  it("egress deny: refuses all that leaves the container's networks, the host included", () => {
    const egress = { hosts: [], ranges: [], ...SURROUNDINGS };
    assert.equal(interceptionRules({ mtls: "strict", redirected: [], egress }), DENY);
  });

  it("egress with a list: leads listed ports to the sidecar, lets listed addresses pass", () => {
    const hosts = [
      { name: "api.example.com", port: 443 },
      { name: "*.example.org", port: 443 },
      { name: "api.example.com", port: 40_443 },
    ];
    const ranges = [
      { range: "203.0.113.0/24", version: 4, port: 5432 },
      { range: "192.0.2.7", version: 4, port: undefined },
      { range: "203.0.113.9", version: 4, port: 443 },
      { range: "2001:db8::/32", version: 6, port: 443 },
    ] as const;
    const nameServers = ["198.18.9.9", "fd00:9::9"];
    const egress = { hosts, ranges, ...SURROUNDINGS, nameServers };
    assert.equal(interceptionRules({ mtls: "permissive", redirected: [], egress }), LIST);
  });
});
