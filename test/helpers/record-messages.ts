// `node test/helpers/record-messages.ts`: keeps what this version says, under the number of its contract.
import { mkdir, writeFile } from "node:fs/promises";
import { CONTRACT } from "../../proxy/configuration/contract.ts";
import { MESSAGE_NAMES, recordingOf, recordMessages } from "./recorded-messages.ts";

const messages = await recordMessages();
await mkdir(new URL(".", recordingOf(CONTRACT, "whole")), { recursive: true });
for (const name of MESSAGE_NAMES)
  await writeFile(recordingOf(CONTRACT, name), `${messages[name]}\n`);
