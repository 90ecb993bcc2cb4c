// The commands of pages as tests: a page is a group, a block a test, in the order in which they stand there.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { parse } from "yaml";
import { NOT_RUN } from "../docs/not-run.ts";
import { DockerUser } from "./compose-release.ts";
import { docker } from "./docker.ts";
import { DocsSession, GATEWAY, readersEnvironment, SHOP } from "./docs-session.ts";
import {
  fileNameOf,
  type Ground,
  isCommands,
  type Page,
  readPages,
  titleOf,
} from "./documentation.ts";
import type { CodeBlock } from "./markdown.ts";
import { readSteps } from "./shown-output.ts";

/** Somebody who has installed `docker mesh` from the image, as install.md says. */
export async function newReader(): Promise<DockerUser> {
  const user = await DockerUser.of("sid", readersEnvironment());
  await using session = await DocsSession.open(user.environment);
  const command = "docker run --rm docker-mesh/mesh:0.1.0 /app/docker-mesh installer | sh";
  const shown = ["docker mesh is installed for this user: …"];
  await session.step({ command, shown, fails: false });
  return user;
}

/** Declares the tests of all pages that run on this. */
export function runPages(
  ground: Ground,
  user: () => DockerUser,
  afterPage: () => Promise<void> = async () => {},
): void {
  for (const page of readPages().filter(({ runsOn }) => runsOn === ground)) {
    const blocks = page.blocks.filter((block) => isRun(page, block));
    if (blocks.length > 0) runPage(page.path, blocks, user, afterPage);
  }
}

/** What Compose says of the pages' compose files, those that are pieces to be added to others left out: nothing, when all are right. */
export async function composeComplaints(user: DockerUser): Promise<readonly string[]> {
  const blocks = readPages().flatMap((page) =>
    page.blocks.filter(isComposeFile).map((block) => ({ at: `${page.path}:${block.line}`, block })),
  );
  const results = await Promise.all(
    blocks.map(async ({ at, block }, index) => {
      const file = parse(block.text, { merge: true }) as object;
      const { code, output } = await user.compose(`mesh-test-${index}`, file, "config", "--quiet");
      return code === 0 ? [] : [`${at}: ${output}`];
    }),
  );
  return results.flat();
}

function isComposeFile({ language, text }: CodeBlock): boolean {
  if (language !== "yaml") return false;
  const { services } = parse(text, { merge: true }) as { services?: Record<string, object> };
  const all = Object.values(services ?? {});
  return all.length > 0 && all.every((service) => "image" in service || "provider" in service);
}

/** Takes away the shop and the mesh, whatever a page has made of them. */
export async function removeAll(user: DockerUser): Promise<void> {
  await user.docker("compose", "-p", GATEWAY, "down", "--timeout", "2");
  await user.docker("compose", "-p", SHOP, "down", "--volumes", "--timeout", "2");
  await user.docker("mesh", "down", "--volumes");
  assert.equal(await docker("ps", "-aq", "--filter", "label=docker-mesh.role"), "");
}

function runPage(
  path: string,
  blocks: readonly CodeBlock[],
  user: () => DockerUser,
  afterPage: () => Promise<void>,
): void {
  describe(path, () => {
    let session: DocsSession;
    let failed = false;
    before(async () => {
      session = await DocsSession.open(user().environment);
    });
    after(async () => {
      await session?.[Symbol.asyncDispose]();
      await afterPage();
    });
    for (const block of blocks) {
      it(`line ${block.line}, ${block.heading}: ${titleOf(block)}`, async function () {
        // What comes after it builds on it.
        if (failed) this.skip();
        failed = true;
        await runBlock(session, block);
        failed = false;
      });
    }
  });
}

function isRun({ path }: Page, block: CodeBlock): boolean {
  if (fileNameOf(block) !== undefined) return true;
  const listed = NOT_RUN.some((entry) => entry.page === path && entry.block === titleOf(block));
  return isCommands(block) && !listed;
}

async function runBlock(session: DocsSession, block: CodeBlock): Promise<void> {
  const name = fileNameOf(block);
  if (name !== undefined) await session.write(name, block.text);
  else if (block.language === "console") {
    for (const step of readSteps(block.text)) await session.step(step);
  } else {
    const { code, failed, output } = await session.run(block.text);
    if (code !== 0 || failed !== "''") throw new Error(`failed: ${failed}\n${output}`);
  }
}
