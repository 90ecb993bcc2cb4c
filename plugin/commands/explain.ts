// `docker mesh explain`: what would become of a request, and why.
import type { Explanation } from "../explain/explanation.ts";
import { callAgent, chooseEngine } from "./ask-agent.ts";
import type { Command, CommandContext } from "./command.ts";
import { type Flag, FORMAT_FLAG, parseAllFlags, UsageError } from "./flags.ts";
import { describeFields, FORMAT_HELP, type Listing, readOutput, renderOwn } from "./listing.ts";
import { readBody } from "./read-answer.ts";
import { renderExplanation } from "./render-explanation.ts";

const FLAGS: readonly Flag[] = [
  { name: "port", short: "p", kind: "text" },
  { name: "header", short: "H", kind: "texts" },
  FORMAT_FLAG,
];

export const EXPLANATION: Listing<Explanation> = {
  columns: [
    { field: "Caller", header: "CALLER", value: ({ caller }) => caller.service },
    { field: "Service", header: "SERVICE", value: ({ callee }) => callee?.service ?? "" },
    { field: "Method", header: "METHOD", value: ({ request }) => request.method },
    { field: "Path", header: "PATH", value: ({ request }) => request.path },
    {
      ...{ field: "Route", header: "ROUTE" },
      value: ({ routes }) => routes.find(({ matched }) => matched)?.name ?? "",
    },
    { field: "Kind", header: "KIND", value: ({ result }) => result.kind },
    { field: "Status", header: "STATUS", value: ({ result }) => result.status ?? 0 },
    { field: "Code", header: "CODE", value: ({ result }) => result.code ?? "" },
    { field: "Result", header: "RESULT", value: ({ result }) => result.text },
    {
      ...{ field: "Endpoints", header: "ENDPOINTS" },
      value: ({ endpoints }) =>
        endpoints.filter(({ share }) => share > 0).map(({ container }) => container),
    },
  ],
};

export const explain: Command = {
  help: `Usage:  docker mesh explain [OPTIONS] FROM TO [METHOD] [PATH]

Tell what would become of a request from a service (or container) FROM to the service that it calls TO: the route, the
policy, the endpoints, the intention and rules that decide, and why. Nothing is sent

Options:
  -H, --header strings  A header of the request, such as "x-user: ada"; may be repeated
  -p, --port string     The port that is called (default: the service's first)
      ${FORMAT_HELP}
${describeFields(EXPLANATION)}`,
  run: runExplain,
};

async function runExplain(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, FLAGS);
  const [from, to, method, path, ...others] = flags.rest;
  if (from === undefined || to === undefined || others.length > 0) {
    throw new UsageError(
      '"docker mesh explain" requires two services, and takes a method and a path',
    );
  }
  const output = readOutput(flags, EXPLANATION);
  const query = new URLSearchParams({ from, to });
  if (method !== undefined) query.set("method", method);
  if (path !== undefined) query.set("path", path);
  const port = flags.values.get("port");
  if (port !== undefined) query.set("port", port);
  const headers = flags.values.get("header")?.split("\n") ?? [];
  for (const header of headers) query.append("header", header);
  const engine = await chooseEngine(context);
  const call = { method: "GET", path: `/v1/explain?${query}` } as const;
  const answer = readBody(await callAgent(engine, call, context.signal), isExplanation);
  context.print(
    renderOwn(output, [answer], { json: answer, table: () => renderExplanation(answer) }),
  );
}

function isExplanation({
  caller,
  result,
  routes,
  endpoints,
  access,
}: Partial<Explanation>): boolean {
  return (
    typeof caller?.service === "string" &&
    typeof result?.text === "string" &&
    [routes, endpoints, access].every(Array.isArray)
  );
}
