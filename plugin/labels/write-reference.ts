// Writes docs/labels.md anew from the label table.
import { writeFile } from "node:fs/promises";
import { renderLabelReference } from "./render.ts";

await writeFile(new URL("../../docs/labels.md", import.meta.url), renderLabelReference());
