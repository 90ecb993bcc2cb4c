// What becomes of the request, in one sentence. Pure.
import type { ExplainedAccess, ExplainedEndpoint, ExplainedResult } from "./explanation.ts";

/** What some of the requests like this one come to. */
interface Part {
  readonly share: number;
  readonly result: Omit<ExplainedResult, "kind"> & {
    readonly kind: "goes" | "answered" | "refused";
  };
}

export interface ResultSketch {
  /** The caller's container, whose sidecar answers where nobody is asked. */
  readonly container: string;
  readonly service: string;
  readonly route: string | undefined;
  readonly redirect: string | undefined;
  readonly answers: readonly {
    readonly share: number;
    readonly status: number | undefined;
    readonly code: string | undefined;
  }[];
  readonly endpoints: readonly ExplainedEndpoint[];
  readonly access: readonly ExplainedAccess[];
}

export function resultOf(sketch: ResultSketch): ExplainedResult {
  const parts = [
    ...sketch.answers.map((answer) => answered(answer, sketch)),
    ...sketch.access.filter(({ share }) => share > 0).map((access) => arrived(access, sketch)),
  ].sort((a, b) => b.share - a.share);
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only.result;
  const text = parts.map(({ share, result }) => `${share}% ${result.text}`).join("; ");
  const goes = parts.every(({ result }) => result.kind === "goes");
  return { kind: goes ? "goes" : "mixed", status: undefined, code: undefined, text };
}

function answered(
  { share, status, code }: ResultSketch["answers"][number],
  { container, service, route, redirect }: ResultSketch,
): Part {
  const shown = [status, code].filter((part) => part !== undefined).join(" ");
  const text =
    code === undefined
      ? `is redirected to ${redirect} with ${status} by route ${route}`
      : code === "NO_HEALTHY_ENDPOINT"
        ? `is answered with ${shown} by the sidecar of ${container}: no endpoint of ${service} can be used`
        : `is answered with ${shown} by route ${route}`;
  return { share, result: { kind: "answered", status, code, text } };
}

function arrived(
  { service, share, decision, status, code, because }: ExplainedAccess,
  { endpoints }: ResultSketch,
): Part {
  if (decision === "refused") {
    const shown = [status, code].filter((part) => part !== undefined).join(" ");
    const text = `is refused with ${shown} by ${service}: ${because[0]?.replace(/^refused: /, "")}`;
    return { share, result: { kind: "refused", status, code, text } };
  }
  const asked = endpoints.filter((each) => each.service === service && each.share > 0);
  const [only] = asked;
  const place =
    only !== undefined && asked.length === 1
      ? `to ${only.container} on ${only.node}${version(only)}`
      : `to one of ${asked.length} endpoints of ${service}`;
  return {
    share,
    result: { kind: "goes", status: undefined, code: undefined, text: `goes ${place}` },
  };
}

function version({ version: name }: ExplainedEndpoint): string {
  return name === undefined ? "" : ` (${name})`;
}
