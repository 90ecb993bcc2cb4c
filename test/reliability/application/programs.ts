// The two applications as compose services: each program is one file, delivered as a `config`, so that no image is made.
import { join } from "node:path";
import { build } from "esbuild";
import { provided } from "../../helpers/docker.ts";

const APPLICATIONS = import.meta.dirname;

/** One program with gRPC's own implementation for Node, as the text of one file. */
export async function bundleProgram(name: "answer" | "ask"): Promise<string> {
  const { outputFiles } = await build({
    ...{ entryPoints: [join(APPLICATIONS, `${name}.ts`)], bundle: true, write: false },
    ...{ platform: "node", format: "esm", target: "node24", minify: true, logLevel: "silent" },
    // What gRPC's implementation still has of CommonJS expects these.
    banner: {
      js: 'import{createRequire as $r}from"node:module";const require=$r(import.meta.url);const __dirname="/";',
    },
    // What reads .proto files is not needed.
    external: ["@grpc/proto-loader"],
  });
  return outputFiles[0]?.text ?? "";
}

/** A service that runs a program, without its labels. */
export function programService(name: "answer" | "ask"): object {
  return {
    image: provided("MESH_DEMO_IMAGE"),
    command: ["node", `/${name}.mjs`],
    configs: [{ source: name, target: `/${name}.mjs` }],
    init: true,
    stop_grace_period: "10s",
  };
}
