// Chooses the catalog and, with it, who signs certificates: one setting, two pairs.
import { join } from "node:path";
import type { Clock } from "../mesh/clock.ts";
import type { Log } from "../mesh/log.ts";
import type { Catalog } from "../registry/catalog.ts";
import type { CertificateAuthority } from "./certificates/authority.ts";
import { type Settings, STATE_DIRECTORY } from "./settings.ts";
