// Values of each kind that fields take, and values that they do not.

export interface FieldCases {
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

export const DURATIONS: readonly string[] = [
  "",
  "10",
  "-1s",
  "+1s",
  "1 s",
  "1S",
  "1d",
  "s",
  "1e3s",
  "25h",
  "99999999h",
  "0.1ms",
  "1s ",
];
export const NUMBERS: readonly string[] = [
  "",
  "-1",
  "+1",
  "1e3",
  "0x10",
  "01",
  " 1",
  "1 ",
  "１",
  "NaN",
  "Infinity",
];
export const PERCENTS: FieldCases = {
  good: ["0", "0.5", "33.33", "100"],
  bad: ["100.1", "101", "20%", "1.234", ...NUMBERS.filter((text) => text !== "01")],
};
export const BOOLEANS: FieldCases = {
  good: ["true", "false", "TRUE"],
  bad: ["", "yes", "1", "on", "truе"],
};
export const LIMITS: FieldCases = {
  good: ["0", "1", "1000000"],
  bad: ["1000001", "1.5", ...NUMBERS],
};
export const IN_A_ROW: FieldCases = { good: ["0", "5", "1000"], bad: ["1001", "0.5", ...NUMBERS] };
export const HOSTS: FieldCases = { good: ["1", "1000"], bad: ["0", "1001", ...NUMBERS] };
export const VOLUMES: FieldCases = { good: ["1", "100000"], bad: ["0", "100001", ...NUMBERS] };
export const THRESHOLDS: FieldCases = { good: ["1", "100"], bad: ["0", "101", ...NUMBERS] };
export const SWITCHED: FieldCases = {
  good: ["0", "0s", "250ms", "1m30s", "1.5s", "24h"],
  bad: ["24h1ms", ...DURATIONS],
};
export const ANY_DURATION: FieldCases = {
  good: SWITCHED.good,
  bad: SWITCHED.bad.filter((text) => text !== ""),
};
export const PATHS: FieldCases = {
  good: ["", "/", "/v1/orders", "/a/", "/caf%c3%a9", "/café", "/a b", "/a.b/..c", "/a+b,c=d"],
  bad: [
    "a",
    "*",
    "//",
    "/a//b",
    "/./a",
    "/a/..",
    "/a/../b",
    "/a?b",
    "/a#b",
    "/a;b",
    "/a\\b",
    "/%",
    "/%2",
    "/%zz",
    "/%ff",
    "/a%2fb",
    "/%2e",
    "/%5C",
    "/%00",
    "/%252e",
    "/%2561",
    "/%25252F",
  ],
};
export const PATTERNS: FieldCases = {
  good: ["", "/users/[0-9]+", ".*", "/a|/b", "(a+)+$", "(a|a)*", "[0-9a-f]{8}"],
  bad: [
    "(",
    "a)(b",
    "*",
    "[z-a]",
    "(a)\\1",
    "(?<n>a)\\k<n>",
    "(?=a)b",
    "a(?!b)",
    "a{1000}",
    "(a{16}){16}",
    ".*".repeat(33),
    "a".repeat(257),
    "/café",
  ],
};
export const METHODS: FieldCases = {
  good: ["", "GET", "GET, HEAD", "M-SEARCH"],
  bad: ["get", "GET,", ",", "GET GET", "GET,GET", "*", "G=T", "A".repeat(33)],
};
export const CONDITIONS: FieldCases = {
  good: [
    "",
    "x-a",
    "!x-a",
    "x-a=1",
    "x-a=",
    "x-a!=1",
    "x-a!=",
    "x-a^=b",
    "x-a$=b",
    "x-a=~b+",
    "x-a=1, x-b=2",
    "x-a=1\\,2",
    "x-a==b",
    "x-a=b=c",
    "x_a",
  ],
  bad: [
    "=",
    "=1",
    "!",
    "!=1",
    "!x-a=1",
    "x a",
    "x-a^=",
    "x-a$=",
    "x-a=~",
    "x-a=~(",
    "x-a=~(b)\\1",
    "x-a~=b",
    "x-a^b",
    "x-a=1,",
    "x-a,x-a",
  ],
};
export const SERVICES: FieldCases = {
  good: ["", "backup", "backup, other", "shop-orders"],
  bad: [
    ",",
    "a,,b",
    "a,a",
    "Backup",
    "a_b",
    "-a",
    "a:80",
    "*",
    "a".repeat(64),
    "a,b,c,d,e,f,g,h,i",
  ],
};
export const SPLITS: FieldCases = {
  good: ["", "v1=100", "v1=90,v2=10", "v1=0, v2=100", "a=33.3,b=33.3,c=33.4", "2.4.1-rc_1=100"],
  bad: [
    "v1",
    "v1=",
    "=100",
    "v1=90,v2=20",
    "v1=90",
    "v1=50,v1=50",
    "v1=-10,v2=110",
    "v1=1e2",
    "v1=100,",
    "v 1=100",
    "v1=50%,v2=50%",
    "v1=101",
  ],
};
export const CALLERS: FieldCases = {
  good: [
    "",
    "*",
    "anonymous",
    "web",
    "web, api",
    "shop-*",
    "spiffe://a.consul/ns/default/dc/dc1/svc/web",
  ],
  bad: [
    "Web",
    "web,",
    "*-web",
    "sh*p",
    "**",
    "web:80",
    "spiffe://",
    "spiffe://a",
    "spiffe://a/*",
    "spiffe://A/b",
    "http://a/b",
    "-*",
    "web,web",
  ],
};
export const HEADER_LINES: FieldCases = {
  good: ["", "x-a=1", "x-a=1, x-b=2", "X-A=b=c", "x-a=", "x-a=1\\, 2", "x-a=a b"],
  bad: [
    "x-a",
    "=1",
    "x a=1",
    "x-a=é",
    "x-a:1",
    "x-a=1,",
    "host=a",
    "Host=a",
    "content-length=1",
    "transfer-encoding=chunked",
    "connection=close",
    "keep-alive=1",
    "te=trailers",
    "trailer=a",
    "upgrade=h2c",
    "expect=100-continue",
    "http2-settings=a",
    "proxy-connection=a",
    "proxy-authorization=a",
    "x-mesh-caller=a",
    "X_Mesh_Caller=a",
    "x-forwarded-client-cert=a",
    "content_length=1",
  ],
};
export const HEADER_NAMES: FieldCases = {
  good: ["", "x-a", "x-a, x-b", "Server"],
  bad: [
    "x-a=1",
    "x a",
    ",",
    "x-a,X-A",
    "host",
    "content-length",
    "x-mesh-deadline",
    "x-forwarded-client-cert",
    ":path",
  ],
};

export const RETRY_ON: FieldCases = {
  good: ["", "5xx", "connect-failure, refused", "unavailable,non-idempotent"],
  bad: ["5XX", "always", "5xx,5xx", "5xx,", "*"],
};
