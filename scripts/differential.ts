// `npm run differential [-- seconds]`: what this engine makes of HTTP/1.1 beside Node's parser, HAProxy and nginx, those of them
// that are installed. Ends with an error when one of them reads something that goes on in another way.
import { SetupError } from "./command.ts";
import { main } from "./main.ts";
import { interruptible } from "./testing/interruptible.ts";
import { runSuite } from "./testing/suites.ts";

await main(async () => {
  const command = ["node", "test/differential/run.ts", ...process.argv.slice(2)];
  await interruptible(
    async (signal) => {
      const { failed } = await runSuite(
        { title: "differential", command, environment: {} },
        signal,
      );
      if (failed > 0) throw new SetupError("the servers do not agree, see above");
    },
    async () => undefined,
  );
});
