// The commands of the pages that are about a mesh with the demo shop, as a reader types them. Which commands of the documentation
// are not run, and why, is in test/docs/not-run.ts.
import { after, before, describe } from "mocha";
import type { DockerUser } from "../helpers/compose-release.ts";
import { DocsSession, toTest } from "../helpers/docs-session.ts";
import { Visitor } from "../helpers/mesh.ts";
import { newReader, removeAll, runPages } from "../helpers/run-pages.ts";

const READY = `test "$(docker mesh status --format '{{.Health}} {{.Sidecar}}' | grep -c 'passing ready')" = 5`;

describe("the documentation, on a mesh with the demo shop", () => {
  let user: DockerUser;
  let visitor: Visitor | undefined;

  before(async () => {
    user = await newReader();
    await using session = await DocsSession.open(user.environment);
    await session.run("docker mesh up && docker compose -f compose/demo/compose.yaml up -d");
    for (const command of [READY, "curl -fsS http://127.0.0.1:8080/"]) {
      await session.step({ command, shown: [], fails: false });
    }
    // Pages that show requests need some.
    const page = toTest("http://127.0.0.1:8080/");
    visitor = new Visitor(async () => void (await (await fetch(page)).text()), 200);
  });

  after(async () => {
    await visitor?.stop();
    if (user === undefined) return;
    await removeAll(user);
    await user[Symbol.asyncDispose]();
  });

  runPages("demo", () => user);
});
