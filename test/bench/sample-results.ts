// Results as the tests of the bench need them: all is well unless a test says otherwise.
import type { Results, Row, SubjectResult } from "./results.ts";

export function sampleRow(parts: Partial<Row> & Pick<Row, "subject" | "load">): Row {
  return {
    ...{ round: 1, peaks: [], disturbed: false, seconds: 4, requests: 40_000 },
    ...{ requestsPerSecond: 10_000, megabytesPerSecond: 1, p50: 500, p99: 1000, p999: 2000 },
    ...{ largest: 3000, processorPerRequest: 20, proxyShare: 1, loadShare: 0.5, foreignShare: 0 },
    ...{ stolenShare: 0, backendConnections: 32, newBackendConnections: 0 },
    ...{ forwardedConnections: 32, errors: 0, firstError: "" },
    ...parts,
  };
}

export function sampleSubject(
  name: string,
  shape: SubjectResult["shape"],
  residents: readonly number[] = [],
): SubjectResult {
  const idle = residents.map((resident) => ({ resident, proportional: resident, own: resident }));
  return { name, shape, version: "1.2.3", idle };
}

export function sampleResults(parts: Partial<Results>): Results {
  return {
    ...{ date: "2026-01-02T03:04:05.000Z", machine: "2 × a machine", rounds: 3, seconds: 4 },
    ...{ subjects: [], missing: [], rows: [], starts: [], crowd: [] },
    ...parts,
  };
}
