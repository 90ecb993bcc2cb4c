// One conformance suite for all wires, whatever they are made of.
import { describe } from "mocha";
import { describeEndings } from "./wire-endings.ts";
import { useWires } from "./wire-fixture.ts";
import { describeFlow } from "./wire-flow.ts";

for (const means of ["handle", "socket"] as const) {
  for (const protection of ["plain", "TLS"] as const) {
    for (const side of ["accepted", "dialed"] as const) {
      describe(`the ${means} wire over a ${protection} connection that was ${side}`, () => {
        const open = useWires(means, protection, side);
        describeFlow(open);
        describeEndings(open);
      });
    }
  }
}
