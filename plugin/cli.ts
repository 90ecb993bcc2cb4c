// The `docker mesh` command. Docker starts it through the shim `docker-mesh` beside this file; in the image it is
// /app/cli.mjs. Only the process is handled here; see commands/ for what it does.
import { text } from "node:stream/consumers";
import { runCommandLine } from "./commands/command-line.ts";
import { Interruption } from "./commands/interruption.ts";
import { isOutside, sayOutside } from "./installation/docker-outside.ts";

const interrupted = new AbortController();
for (const [signal, exitCode] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.once(signal, () => interrupted.abort(new Interruption(`stopped by ${signal}`, exitCode)));
}
// A reader such as `head` that leaves early is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  interrupted.abort(new Interruption("nobody reads the output any more", 0));
});

process.exitCode = await runCommandLine(
  process.argv.slice(2),
  {
    print: (text) => process.stdout.write(isOutside(process.env) ? sayOutside(text) : text),
    printError: (text) => process.stderr.write(text),
    readInput: () => text(process.stdin),
    environment: process.env,
    isTerminal: process.stdout.isTTY,
  },
  interrupted.signal,
);
// A verb may be over before its input is.
process.stdin.destroy();
