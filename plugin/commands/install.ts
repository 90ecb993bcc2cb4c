// `docker mesh install` and `uninstall` are done by the shim `docker-mesh`, which needs no Node. These are for the list of verbs, and for
// whoever calls the program without its shim.
import { MeshError } from "../../mesh/errors.ts";
import type { Command } from "./command.ts";

export const install: Command = command("install");
export const uninstall: Command = command("uninstall");

function command(name: "install" | "uninstall"): Command {
  return {
    help: `Usage:  docker mesh ${name}

${name === "install" ? "Make docker mesh a command of the current user, in ~/.docker" : "Take docker mesh away from the commands of the current user; a mesh that is up stays"}
`,
    run: async () => {
      throw new MeshError(
        "CONFIGURATION_INVALID",
        `expected to be called by the plugin docker-mesh, which lies beside this program: docker-mesh ${name}`,
      );
    },
  };
}
