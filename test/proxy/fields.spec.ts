import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  announcesBody,
  endToEndFields,
  fieldTokens,
  fieldValues,
  hasForeignCoding,
  responseFields,
  trailerPairs,
  withoutMeshFields,
} from "../../proxy/http/fields.ts";

describe("HTTP fields", () => {
  it("lose those of one connection, and those that Connection names, in any case", () => {
    assert.deepEqual(
      endToEndFields([
        ...["Connection", "Keep-Alive, X-Hop", "connection", "x-other"],
        ...["Keep-Alive", "timeout=5", "X-HOP", "1", "x-other", "2"],
        ...["TE", "trailers", "Transfer-Encoding", "chunked", "Upgrade", "h2c", "Trailer", "x"],
        ...["Proxy-Authorization", "secret", "Proxy-Connection", "close"],
        ...["Accept", "a", "Accept", "b"],
      ]),
      ["Accept", "a", "Accept", "b"],
    );
  });

  it("keep what a message cannot do without, whatever Connection says", () => {
    const fields = ["Connection", "host, content-length", "Host", "a", "Content-Length", "3"];
    assert.deepEqual(endToEndFields(fields), ["Host", "a", "Content-Length", "3"]);
  });

  it("keep no statement of a sidecar that came from outside", () => {
    const forged = ["X-Mesh-Failure", "a", "x-mesh-caller", "b", "X-Forwarded-Client-Cert", "c"];
    assert.deepEqual(withoutMeshFields([...forged, "X-Meshed", "d"]), ["X-Meshed", "d"]);
    assert.deepEqual(responseFields(["X-Mesh-Failure", "a", "etag", "1"]), ["etag", "1"]);
  });

  it("are found with every value, whatever their name is to JavaScript", () => {
    const fields = ["__proto__", "1", "constructor", "2", "__PROTO__", "3, A"];
    assert.deepEqual(fieldValues(fields, "__proto__"), ["1", "3, A"]);
    assert.deepEqual(fieldTokens(fields, "__proto__"), ["1", "3", "a"]);
    assert.deepEqual(endToEndFields(fields), fields);
  });

  it("announce a body by a coding or by a length other than zero", () => {
    assert.equal(announcesBody(["Transfer-Encoding", "chunked"]), true);
    assert.equal(announcesBody(["Content-Length", "1"]), true);
    assert.equal(announcesBody(["Content-Length", "0"]), false);
    assert.equal(announcesBody(["Host", "a"]), false);
  });

  it("may be in the chunked coding and in no other", () => {
    assert.equal(hasForeignCoding(["Transfer-Encoding", "Chunked"]), false);
    assert.equal(hasForeignCoding(["Transfer-Encoding", "gzip, chunked"]), true);
    assert.equal(hasForeignCoding([]), false);
  });

  it("may come late unless something was decided by them", () => {
    const late = ["X-Sum", "1", "Content-Length", "2", "host", "b", "X-Mesh-A", "c"];
    assert.deepEqual(trailerPairs([...late, "X-Forwarded-For", "d"]), [["X-Sum", "1"]]);
  });
});
