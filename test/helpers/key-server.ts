// An issuer's key server beside the agent: reachable at one name, with the keys of the moment, or away.
import { docker, provided } from "./docker.ts";

const NAME = "mesh-test-issuer";
/** Of the mesh's own project: what the agent's container reaches. */
const NETWORK = "mesh-test_default";
const SERVER = `
require("node:http").createServer((q, s) => s.end(process.argv[1])).listen(8080);
process.on("SIGTERM", () => process.exit(0));
`;

export class KeyServer implements AsyncDisposable {
  readonly address: string = `http://${NAME}:8080/keys.json`;

  /** Serves this key set from now on, and no other. */
  async serve(keys: string): Promise<void> {
    await this.leave();
    const network = ["--network", NETWORK, "--network-alias", NAME];
    const image = provided("MESH_DEMO_IMAGE");
    const options = ["--name", NAME, "--label", "mesh-test", "--init", ...network];
    await docker("run", "--detach", ...options, image, "node", "-e", SERVER, keys);
  }

  /** Is not there any more. */
  async leave(): Promise<void> {
    await docker("rm", "--force", NAME);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }
}
