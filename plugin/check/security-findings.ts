// What is known of a node when its security is judged: types only. The command gathers it, from the engine that its user may use
// and from the agent.

export interface SecurityFindings {
  /** As the engine lists them: `name=rootless`, `name=seccomp,profile=…`, … */
  readonly securityOptions: readonly string[];
  /** What the engine warns of by itself. */
  readonly engineWarnings: readonly string[];
  /** Containers that mount the engine's socket, of the mesh and others. */
  readonly holders: readonly SocketHolder[];
  /** Of the mesh, and of the project or stack that it is in. */
  readonly containers: readonly MeshContainer[];
  /** Undefined without a console. */
  readonly console: { readonly port: number; readonly isSecure: boolean } | undefined;
  readonly catalog: "consul" | "embedded";
  /** Of services with workloads here, sorted. */
  readonly services: readonly ServiceAccess[];
  /** Lifetimes of the certificates here, ms. */
  readonly lifetimes: readonly number[];
}

export interface SocketHolder {
  readonly container: string;
  /** Empty for a container that is none of the mesh's. */
  readonly role: string;
  /** As of {@link MeshContainer}. */
  readonly isReachable: boolean;
}

export interface MeshContainer {
  readonly container: string;
  /** `agent`, `launcher`, `sidecar`, or `other` for what is beside them, such as Consul. */
  readonly role: "agent" | "launcher" | "sidecar" | "other";
  readonly image: string;
  readonly isPrivileged: boolean;
  readonly addedCapabilities: readonly string[];
  readonly droppedCapabilities: readonly string[];
  /** Its root; or need not be: the sidecars of compose files cannot (docs/inject.md). */
  readonly isReadOnly: boolean;
  readonly gainsNoPrivileges: boolean;
  /** Whether it is on a network that leads anywhere: on a swarm a launcher is on one of its own, which does not. */
  readonly isReachable: boolean;
  readonly published: readonly PublishedPort[];
  readonly environment: Readonly<Record<string, string>>;
  /** Where in the container a volume or a folder of the host is mounted, which others may mount, too. */
  readonly mountedAt: readonly string[];
}

export interface PublishedPort {
  readonly address: string;
  /** In the container. */
  readonly port: number;
}

export interface ServiceAccess {
  readonly service: string;
  readonly takesPlaintext: boolean;
  /** Whether any service of the mesh may call it. */
  readonly isOpen: boolean;
}
