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
});
