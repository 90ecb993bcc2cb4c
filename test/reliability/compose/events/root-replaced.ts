// Consul's authority gets a new root, and with it every sidecar a new certificate.
import assert from "node:assert/strict";
import { eventually } from "../../../helpers/eventually.ts";
import { replaceRoot } from "../../../helpers/new-root.ts";
import type { ReliabilityEvent } from "../../event.ts";
import type { ComposeStage } from "../compose-stage.ts";

export const rootReplaced: ReliabilityEvent<ComposeStage> = {
  name: "root-replaced",
  title: "the authority's root is replaced",
  tolerance: undefined,
  happen: async (stage) => {
    const before = await issued(stage);
    await replaceRoot(stage.mesh.consulAddress);
    // One for each of the two services; Consul spreads them over half a minute.
    await eventually(async () => assert.ok((await issued(stage)) >= before + 2), {
      timeout: 60_000,
      interval: 500,
    });
  },
};

async function issued(stage: ComposeStage): Promise<number> {
  const log = await stage.mesh.compose("logs", "--no-log-prefix", "agent");
  return log.split("\n").filter((line) => line.includes('"certificate issued"')).length;
}
