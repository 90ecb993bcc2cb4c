// The compose file of the mesh, which installs it where the repository is not at hand: it lies beside this module, and in the image and
// where the plugin is installed beside the program.
import { readFileSync } from "node:fs";

/** compose/mesh.yaml, to the letter. */
export const MESH_FILE: string = readFileSync(new URL("./mesh.yaml", import.meta.url), "utf8");
