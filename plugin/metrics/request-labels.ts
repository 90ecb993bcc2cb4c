// By what requests are told apart in metrics: the labels of Istio's standard metrics, filled from what is verified (identities,
// the catalog), never from what a request says of itself. Pure.
import { type Identity, parseIdentity } from "../../mesh/identity.ts";
import {
  type ConversationReport,
  OTHERS,
  type RequestsReport,
} from "../../proxy/configuration/traffic-report.ts";
import type { Labels } from "./exposition.ts";
import { responseFlags } from "./response-flags.ts";

/** The workload beside whose sidecar requests were counted. */
export interface ReportingWorkload {
  readonly service: string;
  readonly project: string | undefined;
  readonly version: string | undefined;
  /** The SPIFFE id that its sidecar presents; undefined before it has one. */
  readonly identity: string | undefined;
}

/** What Istio writes where nothing is known. */
const UNKNOWN = "unknown";

interface Side {
  readonly service: string;
  readonly project?: string | undefined;
  readonly version?: string | undefined;
  readonly principal?: string | undefined;
}

type Conversation = Pick<ConversationReport, "reporter" | "peer" | "version">;

/** Of requests that ended in that way. */
export function requestLabels(
  own: ReportingWorkload,
  conversation: Conversation,
  outcome: Pick<RequestsReport, "status" | "failure" | "grpcStatus">,
): Labels {
  return {
    ...conversationLabels(own, conversation),
    request_protocol: outcome.grpcStatus === undefined ? "http" : "grpc",
    response_code: String(outcome.status),
    grpc_response_status: outcome.grpcStatus ?? "",
    response_flags: responseFlags(outcome),
  };
}

/** Of byte streams. */
export function streamLabels(own: ReportingWorkload, conversation: Conversation): Labels {
  return { ...conversationLabels(own, conversation), request_protocol: "tcp" };
}

function conversationLabels(own: ReportingWorkload, conversation: Conversation): Labels {
  const { reporter } = conversation;
  const self = { ...own, principal: own.identity };
  const [source, destination] =
    reporter === "source" ? [self, calleeOf(conversation)] : [callerOf(conversation), self];
  const isSecured = source.principal !== undefined;
  return {
    reporter,
    ...sideLabels("source", source),
    ...sideLabels("destination", destination),
    destination_service: destination.service,
    destination_service_name: destination.service,
    // As in Istio only the callee says: the caller cannot know what an outer proxy made of it.
    connection_security_policy: reporter === "source" ? UNKNOWN : isSecured ? "mutual_tls" : "none",
  };
}

function sideLabels(side: "source" | "destination", workload: Side): Labels {
  const { service, project, version, principal } = workload;
  return {
    [`${side}_workload`]: service,
    [`${side}_workload_namespace`]: project ?? UNKNOWN,
    [`${side}_app`]: service,
    [`${side}_version`]: version || UNKNOWN,
    [`${side}_principal`]: principal ?? UNKNOWN,
  };
}

function calleeOf({ peer, version }: Conversation): Side {
  return { service: peer, version };
}

function callerOf({ peer }: Conversation): Side {
  if (peer === "") return { service: UNKNOWN };
  if (peer === OTHERS) return { service: OTHERS, principal: OTHERS };
  const identity = identityOf(peer);
  return { service: identity?.service ?? UNKNOWN, principal: peer };
}

function identityOf(uri: string): Identity | undefined {
  try {
    return parseIdentity(uri);
  } catch {
    return undefined;
  }
}
