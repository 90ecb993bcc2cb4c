// Compose itself stops before it starts; this is how one rolls with it: twice as many, then the old ones go.
import { docker } from "../../../helpers/docker.ts";
import type { ReliabilityEvent } from "../../event.ts";
import type { ComposeStage } from "../compose-stage.ts";

export const rollingRecreation: ReliabilityEvent<ComposeStage> = {
  name: "rolling-recreation",
  title: "the application is replaced by another version, start-first",
  tolerance: undefined,
  happen: async (stage) => {
    const old = await stage.replicas();
    const version = stage.version + 1;
    await stage.apply({ replicas: old.length * 2, version }, "--no-recreate");
    await stage.untilReady(old.length * 2);
    for (const container of old) {
      await docker("stop", container);
      await docker("rm", container);
    }
    await stage.untilReady(old.length);
  },
};
