import { EmbeddedCatalog } from "../../../registry/embedded/embedded-catalog.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { type CatalogRig, type CatalogTimes, catalogConformance } from "../catalog-conformance.ts";

catalogConformance("the embedded catalog", async (times: CatalogTimes): Promise<CatalogRig> => {
  const clock = new ManualClock();
  return {
    catalog: new EmbeddedCatalog({ node: "node-a", clock, ...times }),
    pass: (milliseconds) => clock.advance(milliseconds),
    async [Symbol.asyncDispose]() {},
  };
});
