// A recovery as tests of its rendering need it.
import type { Recovery } from "./recovery.ts";

export const SAMPLE_RECOVERY: Recovery = {
  ...{ span: 5_000, failingFrom: 5_000, failingTo: 10_000, end: 20_000, replicas: 3, failed: 0.01 },
  shares: [
    { at: 2_500, share: 0.3 },
    { at: 7_500, share: 0 },
    { at: 12_500, share: 0.1 },
    { at: 17_500, share: 1 },
  ],
  states: [
    { state: "healthy", at: 0 },
    { state: "ejected", at: 5_100 },
    { state: "recovering", at: 10_000 },
    { state: "healthy", at: 15_000 },
  ],
};
