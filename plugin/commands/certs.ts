// `docker mesh certs`: the certificates that the sidecars of the engine's node present.
import type { CertificateView } from "../certificates/certificate-list.ts";
import { callAgent, chooseEngine } from "./ask-agent.ts";
import { coarseDuration } from "./coarse-duration.ts";
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseAllFlags, UsageError } from "./flags.ts";
import { describeFields, FORMAT_HELP, type Listing, NO_TRUNC_FLAG, readOutput } from "./listing.ts";
import { readBody } from "./read-answer.ts";

/** A certificate as it is looked at. */
export interface LookedAt {
  readonly certificate: CertificateView;
  /** Wall clock, ms. */
  readonly now: number;
}

export const CERTIFICATES: Listing<LookedAt> = {
  columns: [
    { field: "Service", header: "SERVICE", value: ({ certificate }) => certificate.service },
    { field: "Workload", header: "WORKLOAD", value: ({ certificate }) => certificate.container },
    {
      ...{ field: "Identity", header: "IDENTITY" },
      value: ({ certificate }) => certificate.identity ?? "",
      // The trust domain is the same for all of them.
      shorten: (identity) => identity.replace(/^spiffe:\/\/[^/]+/, "…"),
    },
    {
      ...{ field: "ExpiresIn", header: "EXPIRES IN" },
      value: ({ certificate, now }) => expiry(certificate, now),
    },
    {
      ...{ field: "Serial", header: "SERIAL" },
      value: ({ certificate }) => certificate.serial ?? "",
      // As long as Docker's ids.
      shorten: (serial) => serial.slice(0, 12),
    },
    {
      ...{ field: "Issuer", header: "ISSUER" },
      value: ({ certificate }) => certificate.issuer ?? "",
      shorten: (issuer) => (issuer.length > 32 ? `${issuer.slice(0, 31)}…` : issuer),
    },
    {
      ...{ field: "TrustDomain", header: "TRUST DOMAIN" },
      value: ({ certificate }) => certificate.trustDomain ?? "",
      isExtra: true,
    },
    {
      ...{ field: "ExpiresAt", header: "EXPIRES AT" },
      value: ({ certificate: { notAfter } }) =>
        notAfter === undefined ? "" : new Date(notAfter).toISOString(),
      isExtra: true,
    },
  ],
};

function expiry({ notAfter }: CertificateView, now: number): string {
  if (notAfter === undefined) return "";
  return notAfter > now ? coarseDuration(notAfter - now) : "expired";
}

export const certs: Command = {
  help: `Usage:  docker mesh certs [OPTIONS]

List the certificates that the sidecars of this node present

Options:
      ${FORMAT_HELP}
      --no-trunc        Do not cut identities, serial numbers and issuers
${describeFields(CERTIFICATES)}`,
  run: runCerts,
};

async function runCerts(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, [FORMAT_FLAG, NO_TRUNC_FLAG]);
  if (flags.rest.length > 0) throw new UsageError('"docker mesh certs" accepts no arguments');
  const output = readOutput(flags, CERTIFICATES);
  const engine = await chooseEngine(context);
  const call = { method: "GET", path: "/v1/certificates" } as const;
  const { certificates } = readBody<{ readonly certificates: readonly CertificateView[] }>(
    await callAgent(engine, call, context.signal),
    (body) => Array.isArray(body.certificates),
  );
  const now = Date.now();
  context.print(output.render(certificates.map((certificate) => ({ certificate, now }))));
}
