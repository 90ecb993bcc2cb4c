// Writes docs/commands.md anew from the verbs.
import { writeFile } from "node:fs/promises";
import { renderReference } from "./render-reference.ts";

await writeFile(new URL("../../docs/commands.md", import.meta.url), await renderReference());
