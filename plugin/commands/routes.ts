// `docker mesh routes`: the routes of a service in the order in which they are tried, whatever said them.
import type { EffectiveField } from "../../mesh/policy/document.ts";
import type { RoutePolicy } from "../../mesh/policy/policy.ts";
import { readPolicy } from "../../mesh/policy/read-policy.ts";
import { matchDocument } from "../policy/own-intentions.ts";
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseAllFlags, UsageError } from "./flags.ts";
import {
  describeFields,
  FORMAT_HELP,
  type Listing,
  NO_TRUNC_FLAG,
  QUIET_FLAG,
  readOutput,
} from "./listing.ts";
import { type ExplainedPolicy, PolicyClient } from "./policy-client.ts";

/** A route, with the fields that were said of it. */
export interface ShownRoute {
  readonly service: string;
  readonly route: RoutePolicy;
  /** Their names without `route.<name>.`. */
  readonly fields: readonly EffectiveField[];
}

/** What has a column of its own, or has done its work by the order of the routes. */
const TOLD_ELSEWHERE =
  /^(path|path-prefix|path-regex|methods|headers|query|service|split|enabled|priority|redirect|redirect-status)$/;
const EDITS = /^(rewrite|request-|response-)/;

export const ROUTES: Listing<ShownRoute> = {
  quiet: "Name",
  columns: [
    { field: "Name", header: "ROUTE", value: ({ route }) => route.name },
    {
      ...{ field: "Conditions", header: "CONDITIONS" },
      value: ({ route }) =>
        Object.entries(matchDocument(route.match)).map(([name, value]) => `${name}=${value}`),
      cell: ({ route }) =>
        Object.entries(matchDocument(route.match))
          .map(([name, value]) => `${name}=${value}`)
          .join(" ") || "any request",
      shorten: cut,
    },
    {
      ...{ field: "Target", header: "TARGET" },
      value: ({ service, route: { redirect, service: other } }) =>
        redirect === undefined ? (other ?? service) : `${redirect.status} ${redirect.location}`,
    },
    {
      ...{ field: "Split", header: "SPLIT" },
      value: ({ route }) => route.split.map(({ version, weight }) => `${version} ${weight}%`),
    },
    { field: "Edits", header: "EDITS", value: (shown) => said(shown, true), shorten: cut },
    { field: "Sets", header: "SETS", value: (shown) => said(shown, false), shorten: cut },
    {
      ...{ field: "Sources", header: "SOURCE" },
      value: ({ fields }) => [...new Set(fields.map(({ source }) => source))].sort(),
    },
  ],
};

/** What the route does besides choosing who is called: edits of the request and answer, or all else. */
function said({ fields }: ShownRoute, edits: boolean): readonly string[] {
  return fields
    .filter(({ field }) => !TOLD_ELSEWHERE.test(field) && EDITS.test(field) === edits)
    .map(({ field, value }) => `${field}=${value}`);
}

function cut(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

export const routes: Command = {
  help: `Usage:  docker mesh routes [OPTIONS] SERVICE

List the routes of a service in the order in which they are tried: the first whose conditions all hold decides. A request
that none of them speaks of goes to the service itself, by its own split

Options:
      ${FORMAT_HELP}
      --no-trunc        Do not cut conditions and what routes change
  -q, --quiet           Show names alone
${describeFields(ROUTES)}`,
  run: runRoutes,
};

async function runRoutes(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, [FORMAT_FLAG, NO_TRUNC_FLAG, QUIET_FLAG]);
  const [service, ...others] = flags.rest;
  if (service === undefined || others.length > 0)
    throw new UsageError('"docker mesh routes" requires exactly one argument, a service');
  const output = readOutput(flags, ROUTES);
  const client = await PolicyClient.open(context);
  context.print(output.render(routesOf(await client.explain(service))));
}

/** Those that are in force: read as agents and sidecars read them. */
export function routesOf({ service, fields }: ExplainedPolicy): readonly ShownRoute[] {
  const document = Object.fromEntries(fields.map(({ field, value }) => [field, value]));
  const { policy } = readPolicy(document, "lenient");
  return policy.routes.map((route) => {
    const prefix = `route.${route.name}.`;
    const own = fields.filter(({ field }) => field.startsWith(prefix));
    const named = own.map((each) => ({ ...each, field: each.field.slice(prefix.length) }));
    return { service, route, fields: named };
  });
}
