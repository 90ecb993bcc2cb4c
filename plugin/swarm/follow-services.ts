// News of Swarm's services, from where they are recorded to what this node knows of them, and from a manager to where they
// are recorded.
import type { SwarmServices } from "../../registry/swarm-services.ts";
import type { ServiceLabels } from "./service-labels.ts";
import type { ServiceRecorder } from "./service-recorder.ts";

export interface FollowedServices {
  readonly swarmServices: SwarmServices;
  readonly serviceLabels: ServiceLabels;
  readonly serviceRecorder: ServiceRecorder;
}

/** Until the signal aborts. */
export async function followServices(
  { swarmServices, serviceLabels, serviceRecorder }: FollowedServices,
  signal: AbortSignal,
): Promise<void> {
  const seen = async (): Promise<void> => {
    for await (const view of swarmServices.views(signal)) {
      serviceLabels.setView(view);
      serviceRecorder.trigger();
    }
  };
  await Promise.all([seen(), serviceRecorder.run(signal)]);
}
