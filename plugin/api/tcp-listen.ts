// What the API needs to be offered over TCP, read from the files that the settings name.
import { readFile } from "node:fs/promises";
import { MeshError } from "../../mesh/errors.ts";
import type { ApiTcpSettings } from "../settings.ts";
import type { ApiTcpListen } from "./serve-api.ts";

/** Characters; what is shorter can be guessed. */
const SHORTEST_TOKEN = 16;

/** Throws CONFIGURATION_INVALID for a file that cannot be read and for a token that is none. */
export async function readTcpListen(settings: ApiTcpSettings): Promise<ApiTcpListen> {
  const { host, port, certificateFile, keyFile, tokenFile } = settings;
  return {
    host,
    port,
    certificate: await read("MESH_API_TLS_CERT", certificateFile),
    privateKey: await read("MESH_API_TLS_KEY", keyFile),
    token: checkToken(await read("MESH_API_TOKEN_FILE", tokenFile), tokenFile),
  };
}

async function read(variable: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const message = `${variable}: expected a file that can be read at ${path}`;
    throw new MeshError("CONFIGURATION_INVALID", message, { cause });
  }
}

/** The file's text without the newline at its end. */
function checkToken(text: string, path: string): string {
  const token = text.trim();
  if (token.length >= SHORTEST_TOKEN && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new MeshError(
    "CONFIGURATION_INVALID",
    `MESH_API_TOKEN_FILE: expected a token of at least ${SHORTEST_TOKEN} printable characters without blanks in ${path}; \`openssl rand -hex 32\` makes one`,
  );
}
