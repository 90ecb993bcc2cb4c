// The files of an engine of our own, all beneath one directory: what lies there is ours, and nothing else is.
import { join } from "node:path";

export interface DaemonPaths {
  readonly directory: string;
  readonly config: string;
  readonly data: string;
  readonly exec: string;
  readonly pid: string;
  readonly log: string;
}

/** The paths of the engine in that directory. */
export function daemonPaths(directory: string): DaemonPaths {
  return {
    directory,
    config: join(directory, "daemon.json"),
    data: join(directory, "data"),
    exec: join(directory, "exec"),
    pid: join(directory, "docker.pid"),
    log: join(directory, "dockerd.log"),
  };
}

/** The configuration of a dockerd on these paths. Its networks lie in 198.18.0.0/15, which no real network uses. */
export function daemonConfiguration(paths: DaemonPaths, socket: string): object {
  return {
    "data-root": paths.data,
    "exec-root": paths.exec,
    pidfile: paths.pid,
    hosts: [`unix://${socket}`],
    bip: "198.19.255.1/24",
    "default-address-pools": [{ base: "198.18.0.0/16", size: 24 }],
  };
}
