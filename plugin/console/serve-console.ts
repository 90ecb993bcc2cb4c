// Where the console listens: over TLS with a certificate, else in plaintext.
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { MeshError } from "../../mesh/errors.ts";
import { type Listening, listenOverTcp } from "../api/listening.ts";
import type { ConsoleSettings } from "./console-settings.ts";

/** Connections at a time. */
const MOST_CONNECTIONS = 512;
/** For all of a request to arrive, ms. */
const REQUEST_TIMEOUT = 30_000;

export interface ConsoleCertificate {
  /** PEM, leaf first. */
  readonly pem: string;
  readonly privateKey: string;
  readonly leaf: X509Certificate;
}

/** Undefined in plaintext. Throws CONFIGURATION_INVALID for files that cannot be used. */
export async function readCertificate(
  tls: ConsoleSettings["tls"],
): Promise<ConsoleCertificate | undefined> {
  if (tls === undefined) return undefined;
  try {
    const pem = await readFile(tls.certificateFile, "utf8");
    const privateKey = await readFile(tls.keyFile, "utf8");
    return { pem, privateKey, leaf: new X509Certificate(pem) };
  } catch (cause) {
    throw unusable(cause);
  }
}

function unusable(cause: unknown): MeshError {
  return new MeshError(
    "CONFIGURATION_INVALID",
    "expected MESH_CONSOLE_TLS_CERT and MESH_CONSOLE_TLS_KEY to be files with a certificate in PEM and the key it was made for",
    { cause },
  );
}

/** Neither listens nor answers yet. Throws as {@link readCertificate} does for a key that is another certificate's. */
export function createConsoleServer(certificate: ConsoleCertificate | undefined): Server {
  const limits = { requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT };
  try {
    const server: Server =
      certificate === undefined
        ? createServer(limits)
        : createSecureServer({
            ...{ cert: certificate.pem, key: certificate.privateKey, minVersion: "TLSv1.2" },
            ...limits,
          });
    server.maxConnections = MOST_CONNECTIONS;
    return server;
  } catch (cause) {
    throw unusable(cause);
  }
}

/** Listens until the signal aborts. Throws as {@link listenOverTcp} does. */
export async function listenForConsole(
  server: Server,
  { host, port }: Pick<ConsoleSettings, "host" | "port">,
  signal: AbortSignal,
): Promise<Listening> {
  return await listenOverTcp(server, { host, port, variable: "MESH_CONSOLE_LISTEN" }, signal);
}
