// JSON lines on standard output, one an event: what `docker logs` shows and what collectors read.

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that adds these fields to every line. */
  with(fields: LogFields): Log;
}

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A log that writes lines at `level` and above through `write`. */
export function createLog(
  level: LogLevel,
  write: (line: string) => void = (line) => process.stdout.write(line),
  fields: LogFields = {},
): Log {
  const threshold = LOG_LEVELS.indexOf(level);
  const at =
    (name: LogLevel) =>
    (message: string, more: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(name) < threshold) return;
      const time = new Date().toISOString();
      write(`${JSON.stringify({ time, level: name, message, ...fields, ...more })}\n`);
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (more) => createLog(level, write, { ...fields, ...more }),
  };
}

/** Swallows everything: for tests that do not look at the log. */
export const silentLog: Log = createLog("error", () => undefined);
