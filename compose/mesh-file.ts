// The files that install the mesh where the repository is not at hand: they lie beside this module, and in the image and
// where the plugin is installed beside the program.
import { readFileSync } from "node:fs";

/** compose/mesh.yaml, to the letter. */
export const MESH_FILE: string = readFileSync(new URL("./mesh.yaml", import.meta.url), "utf8");

/** compose/stack.yaml, to the letter. */
export const STACK_FILE: string = readFileSync(new URL("./stack.yaml", import.meta.url), "utf8");
