import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readSettings } from "../../plugin/settings.ts";

const DEFAULTS = {
  catalog: "consul",
  consulAddress: "http://consul:8500",
  consulToken: undefined,
  consulTokenFile: undefined,
  leafLifetime: 86_400_000,
  rootAge: 157_680_000_000,
  apiSocket: "/run/docker-mesh/api.sock",
  apiTcp: undefined,
  metricsListen: undefined,
  console: undefined,
  collector: undefined,
  gatewayCertificates: "/var/lib/mesh/gateway",
  logLevel: "info",
  leaves: false,
};

const CONSUL_ADDRESS =
  "expected consul's address such as http://127.0.0.1:8500 or unix:///run/consul/http.sock";

describe("the agent's settings", () => {
  it("have a default for everything", () => {
    assert.deepEqual(readSettings({}), DEFAULTS);
  });

  it("that are empty are as if they were not there", () => {
    const empty = { MESH_CATALOG: "", MESH_CONSUL_TOKEN: "", MESH_LOG_LEVEL: "" };
    assert.deepEqual(readSettings(empty), DEFAULTS);
  });

  for (const [name, text, expected] of [
    ["MESH_CATALOG", "embedded", { catalog: "embedded" }],
    [
      "MESH_CONSUL_ADDRESS",
      "https://consul.example:8501/",
      { consulAddress: "https://consul.example:8501" },
    ],
    ["MESH_CONSUL_ADDRESS", "http://[fd00::1]:8500", { consulAddress: "http://[fd00::1]:8500" }],
    [
      "MESH_CONSUL_ADDRESS",
      "unix:///run/consul/http.sock",
      { consulAddress: "unix:///run/consul/http.sock" },
    ],
    ["MESH_CONSUL_TOKEN", "s3cret", { consulToken: "s3cret" }],
    ["MESH_CONSUL_TOKEN_FILE", "/run/secrets/consul", { consulTokenFile: "/run/secrets/consul" }],
    ["MESH_LEAF_LIFETIME", "1m", { leafLifetime: 60_000 }],
    ["MESH_LEAF_LIFETIME", "10s", { leafLifetime: 10_000 }],
    ["MESH_ROOT_AGE", "24h", { rootAge: 86_400_000 }],
    ["MESH_API_SOCKET", "/tmp/api.sock", { apiSocket: "/tmp/api.sock" }],
    ["MESH_LOG_LEVEL", "debug", { logLevel: "debug" }],
    ["MESH_LEAVE", "true", { leaves: true }],
  ] as const) {
    it(`${name}=${text}`, () => {
      assert.deepEqual(readSettings({ [name]: text }), { ...DEFAULTS, ...expected });
    });
  }

  for (const [name, text, message] of [
    ["MESH_CATALOG", "Consul", 'expected consul or embedded, got "Consul"'],
    ["MESH_CONSUL_ADDRESS", "consul:8500", `${CONSUL_ADDRESS}, got "consul:8500"`],
    ["MESH_CONSUL_ADDRESS", "unix://consul.sock", `${CONSUL_ADDRESS}, got "unix://consul.sock"`],
    [
      "MESH_ROOT_AGE",
      "23h",
      'expected 1m to 78840h, and no less than MESH_LEAF_LIFETIME, got "23h"',
    ],
    [
      "MESH_LEAF_LIFETIME",
      "3600",
      'expected a duration with units such as 250ms or 1m30s, got "3600"',
    ],
    ["MESH_LEAF_LIFETIME", "9s", 'expected at least 10s, got "9s"'],
    ["MESH_API_SOCKET", "api.sock", 'expected an absolute path, got "api.sock"'],
    ["MESH_LOG_LEVEL", "INFO", 'expected debug or info or warn or error, got "INFO"'],
  ] as const) {
    it(`refuse ${name}=${text}`, () => {
      assert.throws(() => readSettings({ [name]: text }), {
        code: "CONFIGURATION_INVALID",
        message: `${name}: ${message}`,
      });
    });
  }

  it("refuse two tokens for Consul", () => {
    const two = { MESH_CONSUL_TOKEN: "s3cret", MESH_CONSUL_TOKEN_FILE: "/run/secrets/consul" };
    assert.throws(() => readSettings(two), {
      code: "CONFIGURATION_INVALID",
      message: /found both/,
    });
  });

  it("have a place for metrics where one is named", () => {
    const read = (text: string): unknown =>
      readSettings({ MESH_METRICS_LISTEN: text }).metricsListen;
    assert.deepEqual(read("0.0.0.0:9464"), { host: "0.0.0.0", port: 9464 });
    assert.equal(read(""), undefined);
    assert.throws(() => read("9464"), {
      code: "CONFIGURATION_INVALID",
      message: 'MESH_METRICS_LISTEN: expected host:port, got "9464"',
    });
  });

  const FILES = {
    MESH_API_TLS_CERT: "/run/secrets/api.crt",
    MESH_API_TLS_KEY: "/run/secrets/api.key",
    MESH_API_TOKEN_FILE: "/run/secrets/api.token",
  };

  for (const [text, host, port] of [
    ["127.0.0.1:9000", "127.0.0.1", 9000],
    ["[::1]:9000", "::1", 9000],
    ["localhost:0", "localhost", 0],
  ] as const) {
    it(`MESH_API_LISTEN=${text} with a certificate, its key and a token`, () => {
      assert.deepEqual(readSettings({ MESH_API_LISTEN: text, ...FILES }).apiTcp, {
        ...{ host, port, certificateFile: "/run/secrets/api.crt" },
        ...{ keyFile: "/run/secrets/api.key", tokenFile: "/run/secrets/api.token" },
      });
    });
  }

  for (const text of ["8400", ":8400", "0.0.0.0:65536", "::1:8400"]) {
    it(`refuse MESH_API_LISTEN=${text}`, () => {
      assert.throws(() => readSettings({ MESH_API_LISTEN: text, ...FILES }), {
        code: "CONFIGURATION_INVALID",
        message: `MESH_API_LISTEN: expected host:port, got ${JSON.stringify(text)}`,
      });
    });
  }

  for (const [name, what] of [
    ["MESH_API_TLS_CERT", "the file of a certificate"],
    ["MESH_API_TLS_KEY", "the file of its key"],
    ["MESH_API_TOKEN_FILE", "the file of a token"],
  ] as const) {
    it(`refuse MESH_API_LISTEN without ${name}`, () => {
      const environment = { MESH_API_LISTEN: "0.0.0.0:8400", ...FILES, [name]: "" };
      assert.throws(() => readSettings(environment), {
        code: "CONFIGURATION_INVALID",
        message: `${name}: expected ${what} beside MESH_API_LISTEN`,
      });
    });
  }

  const OTLP = "OTEL_EXPORTER_OTLP_";
  const COLLECTOR = {
    url: "http://collector:4318/v1/traces",
    ...{ headers: {}, certificateFile: undefined, gzip: false },
  };

  for (const [what, variables, expected] of [
    ["an address", { ENDPOINT: "http://collector:4318" }, {}],
    ["an address with a slash", { ENDPOINT: "http://collector:4318/" }, {}],
    [
      "an address with a path",
      { ENDPOINT: "https://example.com/otlp/" },
      { url: "https://example.com/otlp/v1/traces" },
    ],
    [
      "an address for traces alone, which is taken as it is",
      { ENDPOINT: "http://other", TRACES_ENDPOINT: "http://collector:4318/take?tenant=a" },
      { url: "http://collector:4318/take?tenant=a" },
    ],
    [
      "an address for traces without a path",
      { TRACES_ENDPOINT: "http://collector:4318" },
      { url: "http://collector:4318/" },
    ],
    [
      "fields",
      { ENDPOINT: "http://collector:4318", HEADERS: "Api-Key=a%3Db%2C, X-Scope=1=2,," },
      { headers: { "api-key": "a=b,", "x-scope": "1=2" } },
    ],
    [
      "fields for traces",
      { ENDPOINT: "http://collector:4318", HEADERS: "a=1", TRACES_HEADERS: "b=2" },
      { headers: { b: "2" } },
    ],
    [
      "an authority",
      { ENDPOINT: "http://collector:4318", CERTIFICATE: "/run/secrets/ca.crt" },
      { certificateFile: "/run/secrets/ca.crt" },
    ],
    [
      "compression",
      { ENDPOINT: "http://collector:4318", COMPRESSION: "gzip", PROTOCOL: "http/json" },
      { gzip: true },
    ],
  ] as const) {
    it(`have a collector of traces, given ${what}`, () => {
      assert.deepEqual(readSettings(prefixed(variables)).collector, { ...COLLECTOR, ...expected });
    });
  }

  it("do not mind what is said of a collector that is not there", () => {
    assert.deepEqual(
      readSettings(prefixed({ PROTOCOL: "grpc", HEADERS: "a", ENDPOINT: "" })),
      DEFAULTS,
    );
  });

  for (const [name, text, message] of [
    [
      "ENDPOINT",
      "collector:4318",
      'expected an address such as http://collector:4318, got "collector:4318"',
    ],
    [
      "ENDPOINT",
      "http://c/?a=1",
      'expected an address such as http://collector:4318, got "http://c/?a=1"',
    ],
    [
      "TRACES_ENDPOINT",
      "/v1/traces",
      'expected an address such as http://collector:4318, got "/v1/traces"',
    ],
    ["HEADERS", "s3cret", "expected pairs such as api-key=secret, with commas between them"],
    ["HEADERS", "a b=s3cret", "expected pairs such as api-key=secret, with commas between them"],
    ["HEADERS", "a=%0d%0ab", "expected pairs such as api-key=secret, with commas between them"],
    ["HEADERS", "a=%s3cret", "expected values in percent-encoding, found half a code"],
    [
      "HEADERS",
      "Content-Type=text/plain",
      "expected fields that are not OTLP's own, got content-type",
    ],
    ["CERTIFICATE", "ca.crt", 'expected an absolute path, got "ca.crt"'],
    ["TRACES_COMPRESSION", "zstd", 'expected gzip or none, got "zstd"'],
    [
      "PROTOCOL",
      "grpc",
      'expected http/json, which is all that is spoken (the collector\'s port for OTLP over HTTP, usually 4318, takes it), got "grpc"',
    ],
  ] as const) {
    it(`refuse ${OTLP}${name}=${text}`, () => {
      const variables = { ENDPOINT: "http://collector:4318", [name]: text };
      assert.throws(() => readSettings(prefixed(variables)), {
        code: "CONFIGURATION_INVALID",
        message: `${OTLP}${name}: ${message}`,
      });
    });
  }

  function prefixed(variables: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(variables).map(([name, text]) => [`${OTLP}${name}`, text]),
    );
  }

  it("tell everything that is wrong at once", () => {
    const environment = { MESH_CATALOG: "etcd", MESH_LEAF_LIFETIME: "1", MESH_LOG_LEVEL: "loud" };
    assert.throws(
      () => readSettings(environment),
      ({ message }: Error) =>
        ["MESH_CATALOG: ", "MESH_LEAF_LIFETIME: ", "MESH_LOG_LEVEL: "].every((name) =>
          message.includes(name),
        ),
    );
  });
});
