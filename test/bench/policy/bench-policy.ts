// `npm run bench -- policy`: what policies do for callers, with our sidecars as the image runs them, on loopback. Prints
// tables on standard output and progress on standard error; about two minutes.
import { writeFile } from "node:fs/promises";
import { cpus, release } from "node:os";
import { join } from "node:path";
import { bundlePrograms } from "../../../scripts/images/bundle.ts";
import { Progress } from "../../../scripts/progress.ts";
import { readSettings } from "../../../scripts/settings.ts";
import { withTemporaryFolder } from "../../../scripts/temporary-folder.ts";
import { writeCertificates } from "../certificate-files.ts";
import { leaveProxyCore } from "../cores.ts";
import { BUNDLES } from "../peers/mesh.ts";
import type { Surroundings } from "../site.ts";
import { asText } from "../table.ts";
import { measureChange } from "./change.ts";
import { measureDeny } from "./deny.ts";
import { measureFailing } from "./failing.ts";
import { POLICY_USAGE, type PolicyOptions, type PolicyPart, readPolicyOptions } from "./options.ts";
import { measurePicks } from "./pick.ts";
import { policyTables } from "./policy-tables.ts";
import { measureRecovery } from "./recovery.ts";
import type { PolicyResults } from "./results.ts";
import { measureSlow } from "./slow.ts";

const progress = new Progress();

/** Measures what the command line asks for. Throws when it could not, or when the signal aborted. */
export async function benchPolicy(
  parameters: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (parameters.includes("--help")) {
    console.log(POLICY_USAGE);
    return;
  }
  const options = readPolicyOptions(parameters);
  await leaveProxyCore();
  const { cache, project } = readSettings("test");
  await withTemporaryFolder(cache, async (folder) => {
    await progress.step("the sidecar's bundle", () =>
      bundlePrograms(project, cache, join(folder, BUNDLES)),
    );
    const certificates = await writeCertificates(folder);
    const surroundings = { folder, certificates, nodeFlags: [], backendPort: 0 };
    const results = await measure(options, surroundings, signal);
    console.log(`\n${results.machine}`);
    for (const table of policyTables(results)) console.log(`\n${asText(table)}`);
    if (options.json !== undefined) {
      await writeFile(options.json, `${JSON.stringify(results, undefined, 1)}\n`);
    }
  });
}

async function measure(
  { parts }: PolicyOptions,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<PolicyResults> {
  type Measurement<T> = (surroundings: Surroundings, signal: AbortSignal) => Promise<T>;
  const when = async <T>(part: PolicyPart, work: Measurement<T>): Promise<T | undefined> =>
    parts.has(part) ? progress.step(part, () => work(surroundings, signal)) : undefined;
  return {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}, Node ${process.version}`,
    failing: await when("failing", measureFailing),
    slow: await when("slow", measureSlow),
    recovery: await when("recovery", measureRecovery),
    change: await when("change", measureChange),
    deny: await when("deny", measureDeny),
    pick: await when("pick", measurePicks),
  };
}
