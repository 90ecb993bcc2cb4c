// The gateways of an agent in a test that has none.
import type { Clock } from "../../mesh/clock.ts";
import { Gateways } from "../../plugin/gateway/gateways.ts";

/** Nothing is read or written before there is a gateway. */
export function noGateways(clock: Clock): Gateways {
  const nowhere = "/nonexistent";
  return new Gateways({
    ...{ folder: nowhere, authorityFile: `${nowhere}/authority.pem`, clock },
    onChange: () => undefined,
  });
}
