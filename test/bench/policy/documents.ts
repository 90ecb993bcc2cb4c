// Parts of policies that several measurements need.
import type { PolicyDocument } from "../../../mesh/policy/document.ts";

export const NO_RETRIES: PolicyDocument = { "retries.attempts": "0" };

export const NO_OUTLIERS: PolicyDocument = {
  "outlier.consecutive-5xx": "0",
  "outlier.consecutive-gateway-failures": "0",
  "outlier.consecutive-connect-failures": "0",
  "outlier.consecutive-timeouts": "0",
  "outlier.success-rate-stdev-factor": "0",
  "outlier.failure-percentage-threshold": "0",
};
