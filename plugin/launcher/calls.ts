// Every call of the Engine's API that the launcher passes on, and nothing else: docs/security.md shows this table. A call is
// recognised as a whole, by method, path and each key of its query, and is then written anew.
import { DETACH_SIGNAL } from "../../proxy/configuration/snapshot.ts";

/** About which containers a call may be. */
export type Subject =
  /** It names none. */
  | "none"
  /** One that concerns the mesh: labelled, of a swarm, or the agent itself. */
  | "concerned"
  /** A sidecar or an init container that an agent made. */
  | "own"
  /** The same, and those of users' compose files (`docker mesh inject`). */
  | "own or explicit"
  /** One with the label `mesh.hold` or `mesh.egress`. */
  | "held";

export type CallName =
  | "version"
  | "info"
  | "events"
  | "list"
  | "agents"
  | "inspect"
  | "create"
  | "start"
  | "wait"
  | "logs"
  | "kill"
  | "stop"
  | "remove"
  | "pause"
  | "unpause"
  | "services"
  | "nodes"
  | "tasks";

export interface EngineCall {
  readonly name: CallName;
  readonly method: "GET" | "POST" | "DELETE";
  /** `{id}` stands for the whole id of a container. */
  readonly path: string;
  /** Each key with what its value has to match; a key that ends in `?` may be missing. */
  readonly query: Readonly<Record<string, RegExp>>;
  readonly subject: Subject;
  /** On managers of a swarm only. */
  readonly swarm?: true;
  /** For people. */
  readonly purpose: string;
}

const TRUE = /^true$/;
const COUNT = /^\d{1,5}$/;
/** Names of containers, and what the mesh puts behind them. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/;
const TASKS =
  /^\{(?:"service":\["[a-z0-9]+"(?:,"[a-z0-9]+")*\]|"node":\["[a-z0-9]+"(?:,"[a-z0-9]+")*\],"desired-state":\["running"\])\}$/;
const AGENTS = /^\{"label":\["docker-mesh\.role=agent"\],"status":\["running"\]\}$/;
const EVENTS = /^\{"type":\["container","network","service"\]\}$/;

const about = (name: string): string => `/containers/{id}/${name}`;

export const ENGINE_CALLS: readonly EngineCall[] = [
  {
    ...{ name: "version", method: "GET", path: "/version", query: {}, subject: "none" },
    purpose: "whether the engine is new enough",
  },
  {
    ...{ name: "info", method: "GET", path: "/info", query: {}, subject: "none" },
    purpose: "the node's name and clock, and whether it manages a swarm",
  },
  {
    ...{ name: "events", method: "GET", path: "/events", subject: "none" },
    query: { filters: EVENTS },
    purpose: "what changes on the node",
  },
  {
    ...{ name: "list", method: "GET", path: "/containers/json", subject: "none" },
    query: { all: TRUE },
    purpose: "which containers there are",
  },
  {
    ...{ name: "agents", method: "GET", path: "/containers/json", subject: "none" },
    query: { filters: AGENTS },
    purpose: "whether another agent runs",
  },
  {
    ...{ name: "inspect", method: "GET", path: about("json"), query: {}, subject: "concerned" },
    purpose: "what the engine attests: labels, networks, state, hosts file",
  },
  {
    ...{ name: "create", method: "POST", path: "/containers/create", subject: "none" },
    query: { name: NAME },
    purpose: "a sidecar or an init container, by the template alone",
  },
  {
    ...{ name: "start", method: "POST", path: about("start"), query: {} },
    ...{ subject: "own or explicit", purpose: "starts what was created" },
  },
  {
    ...{ name: "wait", method: "POST", path: about("wait"), query: {} },
    ...{ subject: "own or explicit", purpose: "the end of an init container" },
  },
  {
    ...{ name: "logs", method: "GET", path: about("logs"), subject: "own or explicit" },
    query: { stdout: TRUE, "stderr?": TRUE, "since?": /^\d{1,12}(?:\.\d{1,9})?$/, tail: COUNT },
    purpose: "why one ended; the introduction of an explicit sidecar",
  },
  {
    ...{ name: "kill", method: "POST", path: about("kill"), subject: "own" },
    query: { signal: new RegExp(`^${DETACH_SIGNAL}$`) },
    purpose: "tells a sidecar to let its application go",
  },
  {
    ...{ name: "stop", method: "POST", path: about("stop"), query: { t: COUNT }, subject: "own" },
    purpose: "ends a sidecar that was replaced",
  },
  {
    ...{ name: "remove", method: "DELETE", path: "/containers/{id}", subject: "own" },
    query: { force: TRUE, v: TRUE },
    purpose: "removes a sidecar or an init container",
  },
  {
    ...{ name: "pause", method: "POST", path: about("pause"), query: {}, subject: "held" },
    purpose: "holds an application until its sidecar is ready",
  },
  {
    ...{ name: "unpause", method: "POST", path: about("unpause"), query: {}, subject: "held" },
    purpose: "lets it run",
  },
  {
    ...{ name: "services", method: "GET", path: "/services", query: {}, subject: "none" },
    ...{ swarm: true, purpose: "labels of services" },
  },
  {
    ...{ name: "nodes", method: "GET", path: "/nodes", query: {}, subject: "none" },
    ...{ swarm: true, purpose: "nodes without an agent" },
  },
  {
    ...{ name: "tasks", method: "GET", path: "/tasks", query: { filters: TASKS } },
    ...{ subject: "none", swarm: true, purpose: "why an agent does not run, and who misses it" },
  },
];
