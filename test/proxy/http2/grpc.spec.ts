import { FixedTargets } from "../../../proxy/balance/fixed-targets.ts";
import type { RequestPlan } from "../../../proxy/http/plan.ts";
import { carriesGrpc } from "./grpc-conformance.ts";
import { Hop } from "./hop.ts";

/** Begins with another destination for each request. */
class TurningHop extends Hop {
  #turn = 0;

  override plan(): RequestPlan {
    const { destinations } = this;
    this.#turn = (this.#turn + 1) % destinations.length;
    const turned = [...destinations.slice(this.#turn), ...destinations.slice(0, this.#turn)];
    return { ...super.plan(), targets: new FixedTargets(turned) };
  }
}

describe("gRPC through one exchange", () => {
  carriesGrpc(async () => {
    const hop = new TurningHop();
    return {
      open: async (ports) => {
        for (const port of ports) hop.toHttp2(port);
        return `127.0.0.1:${await hop.listenHttp2()}`;
      },
      close: () => hop.close(),
    };
  });
});
