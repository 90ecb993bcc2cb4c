// Writes the table of the engine's calls into docs/security.md: `node plugin/launcher/write-reference.ts`.
import { readFileSync, writeFileSync } from "node:fs";
import { withCalls } from "./render-calls.ts";

const path = new URL("../../docs/security.md", import.meta.url);
writeFileSync(path, withCalls(readFileSync(path, "utf8")));
