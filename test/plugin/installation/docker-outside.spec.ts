import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { renderOutsideCall, sayOutside } from "../../../plugin/installation/docker-outside.ts";

describe("a command for Docker outside of the container", () => {
  it("is three lines: how it is shown, what it reads, and itself with the user's variables", () => {
    const environment = {
      ...{ MESH_IMAGE: "it's mine", MESH_DOCKER_OUTSIDE: "1", PATH: "/bin" },
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
    };
    const call = { arguments: ["compose", "up"], environment, input: "a: \\n\n  b\n" };
    assert.equal(
      renderOutsideCall({ ...call, onLine: undefined }),
      "run shown\na: \\\\n\\n  b\\n\n" +
        "'env' 'MESH_IMAGE=it'\\''s mine' 'OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318' 'docker' 'compose' 'up'\n",
    );
    assert.match(renderOutsideCall({ ...call, onLine: () => undefined }), /^run kept\n/);
  });

  it("cannot hold a word of several lines, which would be another command", () => {
    const call = { environment: {}, input: "", onLine: undefined };
    assert.throws(() => renderOutsideCall({ ...call, arguments: ["a\nrm -r /"] }), /line breaks/);
  });

  it("is told apart from what is printed, line by line", () => {
    assert.equal(sayOutside("run this\n\nnot\n"), "say run this\nsay \nsay not\n");
  });
});
