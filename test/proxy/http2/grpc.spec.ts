import type { RequestPlan } from "../../../proxy/http/streams.ts";
import { carriesGrpc } from "./grpc-conformance.ts";
import { Hop } from "./hop.ts";

/** Begins with another destination for each request. */
class TurningHop extends Hop {
  #turn = 0;

  override plan(): RequestPlan {
    const plan = super.plan();
    const { length } = plan.destinations;
    this.#turn = (this.#turn + 1) % length;
    const turned = plan.destinations.map((_, index, all) => all[(index + this.#turn) % length]);
    return { ...plan, destinations: turned.filter((destination) => destination !== undefined) };
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
