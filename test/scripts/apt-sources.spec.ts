import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  debianMirror,
  formatStanza,
  parseOneLineSources,
  parseStanzaSources,
} from "../../scripts/packages/apt-sources.ts";

describe("apt sources", () => {
  it("reads one-line sources with and without options, and skips comments and deb-src", () => {
    const sources = parseOneLineSources(
      [
        "# deb http://commented.example/debian bookworm main",
        "deb http://mirror.example/debian bookworm main contrib # trailing",
        "deb [ arch=amd64 signed-by=/keys/a.gpg ] https://mirror.example/debian trixie main",
        "deb-src http://mirror.example/debian bookworm main",
        "deb [trusted=yes] file:/srv/debian sid main",
      ].join("\n"),
    );
    assert.deepEqual(sources, [
      {
        uri: "http://mirror.example/debian",
        suites: ["bookworm"],
        components: ["main", "contrib"],
        signedBy: undefined,
        trusted: false,
      },
      {
        uri: "https://mirror.example/debian",
        suites: ["trixie"],
        components: ["main"],
        signedBy: "/keys/a.gpg",
        trusted: false,
      },
      {
        uri: "file:/srv/debian",
        suites: ["sid"],
        components: ["main"],
        signedBy: undefined,
        trusted: true,
      },
    ]);
  });

  it("reads stanzas: several URIs, folded lines, comments inside, disabled ones", () => {
    const sources = parseStanzaSources(
      [
        "Types: deb deb-src",
        "# a comment",
        "URIs: http://one.example/debian http://two.example/debian",
        "Suites: bookworm",
        " bookworm-updates",
        "Components: main",
        "Signed-By: /keys/debian.gpg",
        "",
        "Types: deb",
        "Enabled: no",
        "URIs: http://off.example/debian",
        "Suites: bookworm",
        "Components: main",
        "",
        "Types: deb-src",
        "URIs: http://source.example/debian",
        "Suites: bookworm",
        "Components: main",
      ].join("\n"),
    );
    assert.deepEqual(
      sources.map(({ uri }) => uri),
      ["http://one.example/debian", "http://two.example/debian"],
    );
    assert.deepEqual(sources[0]?.suites, ["bookworm", "bookworm-updates"]);
    assert.equal(sources[1]?.signedBy, "/keys/debian.gpg");
  });

  it("keeps a key that is written into the stanza, so that the private list carries it too", () => {
    const key =
      "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END PGP PUBLIC KEY BLOCK-----";
    const text = `Types: deb\nURIs: http://one.example/debian\nSuites: bookworm\nComponents: main\nSigned-By:${key}\n`;
    const [source] = parseStanzaSources(text);
    assert.ok(source !== undefined);
    assert.deepEqual(parseStanzaSources(formatStanza(source, "bookworm")), [source]);
  });

  it("takes the archive itself as the mirror, not its security or another vendor's archive", () => {
    const sources = parseOneLineSources(
      [
        "deb https://vendor.example/debian bookworm stable",
        "deb https://vendor.example/apt nodistro main",
        "deb http://security.example/debian-security bookworm-security main",
        "deb http://mirror.example/debian bookworm main",
      ].join("\n"),
    );
    assert.equal(debianMirror(sources)?.uri, "http://mirror.example/debian");
    assert.equal(debianMirror(sources.slice(0, 3)), undefined);
  });

  it("asks that mirror for another suite with the same key", () => {
    const [mirror] = parseOneLineSources(
      "deb [signed-by=/keys/a.gpg] http://mirror.example/debian bookworm main",
    );
    assert.ok(mirror !== undefined);
    assert.equal(
      formatStanza(mirror, "sid"),
      "Types: deb\nURIs: http://mirror.example/debian\nSuites: sid\nComponents: main\nSigned-By: /keys/a.gpg\n",
    );
  });
});
