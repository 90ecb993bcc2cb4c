import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { listIntentions } from "../../../plugin/console/intentions-list.ts";
import { mapIntentions } from "../../../registry/consul/intention-mapping.ts";

describe("intentions as the console shows them", () => {
  it("are Consul's, with what a request must be like in the words of policies", () => {
    const { intentions, problems } = mapIntentions([
      { SourceName: "web", DestinationName: "orders", Action: "deny" },
      {
        ...{ SourceName: "*", DestinationName: "orders" },
        Permissions: [
          { Action: "allow", HTTP: { PathPrefix: "/v2", Methods: ["GET", "PUT"] } },
          { Action: "deny", HTTP: { Later: true } },
        ],
      },
    ]);
    assert.deepEqual(listIntentions({ defaultAction: "deny", intentions, problems }), {
      defaultAction: "deny",
      intentions: [
        { source: "web", destination: "orders", action: "deny", permissions: [] },
        {
          ...{ source: "*", destination: "orders", action: undefined },
          permissions: [
            { action: "allow", match: { "path-prefix": "/v2", methods: "GET,PUT" } },
            { action: "deny", match: {} },
          ],
        },
      ],
      problems: [
        "intention * → orders: Later is not understood, so that it denies without this condition",
      ],
    });
  });
});
