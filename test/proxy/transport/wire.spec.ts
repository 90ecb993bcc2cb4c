import { describeWire } from "./wire-conformance.ts";

for (const means of ["handle", "socket"] as const) {
  for (const protection of ["plain", "TLS"] as const) {
    for (const side of ["accepted", "dialed"] as const) describeWire(means, protection, side);
  }
}
