// Directories and sockets inside the containers of the mesh; compose/mesh.yaml mounts volumes there.

export const RUN_DIRECTORY = "/run/mesh";
export const STATE_DIRECTORY = "/var/lib/mesh";
/** Where sidecars reach their agent. */
export const SIDECAR_SOCKET: string = `${RUN_DIRECTORY}/agent.sock`;
/** Not in the run directory, which every sidecar mounts: who reaches this socket may change every policy. */
export const API_SOCKET = "/run/docker-mesh/api.sock";
/** Where the agent reaches its engine: in a volume that the launcher and the agent mount, and nobody else. */
export const LAUNCHER_SOCKET = "/run/docker-engine/engine.sock";
