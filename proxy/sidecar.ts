// The process of a sidecar: environment in, exit code out.
// 0 stopped · 1 wrong environment or a failed part · 3 the network namespace was left behind.
import { networkInterfaces } from "node:os";
import { systemClock } from "../mesh/clock.ts";
import { describeError, MeshError } from "../mesh/errors.ts";
import { createLog, LOG_LEVELS, type Log, type LogLevel } from "../mesh/log.ts";
import { introductionOf, makeToken } from "./configuration/introduction.ts";
import { DETACH_SIGNAL, SIDECAR_ENVIRONMENT } from "./configuration/snapshot.ts";
import { DETACHED, startSidecar } from "./start-sidecar.ts";

const EXIT_FAILED = 1;
const EXIT_LEFT_BEHIND = 3;

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new MeshError(
      "CONFIGURATION_INVALID",
      `expected ${name} in the environment, found nothing`,
    );
  }
  return value;
}

/** Without a token from an agent, one of its own: it stands in nobody's file, and a file may be used twice. */
function credentials(given: string | undefined): { token: string; introduce?: () => void } {
  if (given !== undefined && given !== "") return { token: given };
  const token = makeToken();
  const introduce = (): void => {
    process.stdout.write(introductionOf(token));
  };
  introduce();
  return { token, introduce };
}

function readLogLevel(): LogLevel {
  const wanted = process.env[SIDECAR_ENVIRONMENT.logLevel];
  return LOG_LEVELS.find((level) => level === wanted) ?? "info";
}

async function main(log: Log): Promise<number> {
  const stop = new AbortController();
  process.on("SIGTERM", () => stop.abort());
  process.on(DETACH_SIGNAL, () => stop.abort(DETACHED));
  // What escapes a connection's callback has hurt that connection alone: the others go on. The parts that run for ever
  // are awaited instead, and the failure of one of them ends the process.
  process.on("uncaughtException", (error) => {
    log.error("an unexpected error, the sidecar goes on", {
      error: describeError(error),
      stack: error.stack,
    });
  });
  // One connection's defect is reported as a warning, and not for Node to print.
  process.removeAllListeners("warning").on("warning", ({ message, stack }) => {
    log.error("an unexpected error, the sidecar goes on", { error: message, stack });
  });
  try {
    const sidecar = startSidecar({
      socket: required(SIDECAR_ENVIRONMENT.socket),
      hostsFile: required(SIDECAR_ENVIRONMENT.hosts),
      ...credentials(process.env[SIDECAR_ENVIRONMENT.token]),
      links: process.env[SIDECAR_ENVIRONMENT.links] !== "off",
      takesOver: process.env[SIDECAR_ENVIRONMENT.takesOver] === "on",
      clock: systemClock,
      log,
      interfaces: networkInterfaces,
      signal: stop.signal,
    });
    return (await sidecar.ended) === "stopped" ? 0 : EXIT_LEFT_BEHIND;
  } catch (error) {
    log.error("the sidecar failed", { error: describeError(error) });
    return EXIT_FAILED;
  }
}

// Not awaited here: the image's sidecar is a CommonJS file.
void main(createLog(readLogLevel())).then((code) => process.exit(code));
