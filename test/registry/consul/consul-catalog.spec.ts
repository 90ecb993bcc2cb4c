import { after, before, describe } from "mocha";
import { ConsulClient } from "../../../registry/consul/client.ts";
import { ConsulCatalog } from "../../../registry/consul/consul-catalog.ts";
import { type ConsulServer, startConsul } from "../../helpers/consul.ts";
import { type CatalogRig, type CatalogTimes, catalogConformance } from "../catalog-conformance.ts";
import { clearConsul } from "./consul-rig.ts";

describe("with a real Consul", () => {
  let consul: ConsulServer;
  before(async function () {
    this.timeout(60_000);
    consul = await startConsul();
  });
  after(() => consul[Symbol.asyncDispose]());

  catalogConformance("the Consul catalog", async (times: CatalogTimes): Promise<CatalogRig> => {
    const server = times.deregisterAfter < 600_000 ? await startConsul() : undefined;
    const client = new ConsulClient({ address: (server ?? consul).address });
    return {
      catalog: new ConsulCatalog({ client, node: "node-a", ...times }),
      pass: () => undefined,
      async [Symbol.asyncDispose]() {
        await clearConsul(client);
        client[Symbol.dispose]();
        await server?.[Symbol.asyncDispose]();
      },
    };
  });
});
