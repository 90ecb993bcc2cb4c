// HTTP connections through the ssh program, as the `docker` command makes them: the user's own configuration, keys and
// known hosts apply, which the client library's built-in ssh would ignore.
import { spawn } from "node:child_process";
import { Agent } from "node:http";
import { Duplex } from "node:stream";
import type { EngineHost } from "./engine-host.ts";

type SshHost = Extract<EngineHost, { kind: "ssh" }>;

/** Runs `docker system dial-stdio` on the host for each connection. */
export class SshAgent extends Agent {
  readonly #host: SshHost;

  constructor(host: SshHost) {
    super({ keepAlive: false });
    this.#host = host;
  }

  override createConnection(): Duplex {
    // ssh's own complaints go to the user's terminal; it asks for passwords there, too.
    const child = spawn("ssh", sshArguments(this.#host), { stdio: ["pipe", "pipe", "inherit"] });
    const connection = Duplex.from({ readable: child.stdout, writable: child.stdin });
    child.once("error", (error) => connection.destroy(error));
    connection.once("close", () => child.kill());
    return connection;
  }
}

/** `--` keeps a host that begins with "-" from being an option. */
export function sshArguments({ user, host, port }: SshHost): string[] {
  return [
    ...["-o", "ConnectTimeout=30", "-T"],
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...["--", host, "docker", "system", "dial-stdio"],
  ];
}
