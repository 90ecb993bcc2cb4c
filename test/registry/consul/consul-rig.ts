// A catalog on a real Consul, and the cleaning up between tests that share one.
import assert from "node:assert/strict";
import type { ConsulClient } from "../../../registry/consul/client.ts";
import { eventually } from "../../helpers/eventually.ts";

const soon = (): AbortSignal => AbortSignal.timeout(10_000);

/** Removes every service of the mesh, and resolves when Consul lists none. */
export async function clearConsul(client: ConsulClient): Promise<void> {
  for (const id of Object.keys(await client.agentServices(soon())))
    await client.deregisterService(id, soon());
  await eventually(async () => {
    const { value } = await client.serviceNames({ index: 0, wait: 0 }, soon());
    assert.deepEqual(Object.keys(value), ["consul"]);
  });
}
