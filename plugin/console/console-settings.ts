// The settings of the console: where it listens, who may log in, and under which names it answers.
import { describeError } from "../../mesh/errors.ts";
import { parseListen } from "../listen-address.ts";

export interface ConsoleSettings {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** PEM files, leaf first, and its key; undefined: in plaintext. */
  readonly tls: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  /** Files with tokens; undefined: the agent makes one and keeps it. */
  readonly tokenFile: string | undefined;
  readonly viewerTokenFile: string | undefined;
  /** Names besides addresses, `localhost` and those of the certificate that browsers may use for it. Lower case. */
  readonly hosts: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const HOST_NAME = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;

/** Undefined without a console. What is wrong is added to the problems. */
export function readConsoleSettings(
  environment: Environment,
  problems: string[],
): ConsoleSettings | undefined {
  const text = environment["MESH_CONSOLE_LISTEN"];
  if (!text) return undefined;
  try {
    return {
      ...parseListen(text),
      tls: readTls(environment, problems),
      tokenFile: environment["MESH_CONSOLE_TOKEN_FILE"] || undefined,
      viewerTokenFile: environment["MESH_CONSOLE_VIEWER_TOKEN_FILE"] || undefined,
      hosts: readHosts(environment["MESH_CONSOLE_HOSTS"] ?? "", problems),
    };
  } catch (error) {
    problems.push(`MESH_CONSOLE_LISTEN: ${describeError(error)}`);
    return undefined;
  }
}

function readTls(environment: Environment, problems: string[]): ConsoleSettings["tls"] {
  const certificateFile = environment["MESH_CONSOLE_TLS_CERT"] || undefined;
  const keyFile = environment["MESH_CONSOLE_TLS_KEY"] || undefined;
  if (certificateFile !== undefined && keyFile !== undefined) return { certificateFile, keyFile };
  if (certificateFile !== undefined)
    problems.push("MESH_CONSOLE_TLS_KEY: expected the file of a key beside MESH_CONSOLE_TLS_CERT");
  if (keyFile !== undefined)
    problems.push(
      "MESH_CONSOLE_TLS_CERT: expected the file of a certificate beside MESH_CONSOLE_TLS_KEY",
    );
  return undefined;
}

function readHosts(text: string, problems: string[]): readonly string[] {
  const hosts = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);
  const wrong = hosts.filter((host) => !HOST_NAME.test(host));
  for (const host of wrong)
    problems.push(`MESH_CONSOLE_HOSTS: expected host names, got ${JSON.stringify(host)}`);
  return hosts;
}
