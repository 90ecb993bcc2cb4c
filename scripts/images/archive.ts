// Files as a tar archive of which the same content gives the same bytes: order, owners, rights and times say nothing of who made
// it, and when. The engine unpacks it as it is, and so gets the same layer.
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../command.ts";

/** Seconds since 1970 that all files bear: those of npm's packages. SOURCE_DATE_EPOCH says otherwise. */
const USUAL_MOMENT = "499162500";

/** Options of `tar --create`. */
export function reproducible(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const moment = environment["SOURCE_DATE_EPOCH"] || USUAL_MOMENT;
  return [
    ...["--format=gnu", "--sort=name", `--mtime=@${moment}`],
    ...["--owner=0", "--group=0", "--numeric-owner"],
  ];
}

/** The file in the folder of the programs that the Dockerfile adds: them all, below `app/`. */
export const PROGRAMS_ARCHIVE = "app.tar";

/** Puts the archive beside the programs. */
export async function archivePrograms(folder: string): Promise<void> {
  const aside = `${folder}.tar`;
  await run("tar", [
    ...["--create", "--file", aside, "--directory", folder, `--exclude=./${PROGRAMS_ARCHIVE}`],
    ...reproducible(),
    ...["--mode=u=rwX,go=rX", "--transform=s,^\\.,app,", "."],
  ]);
  await rename(aside, join(folder, PROGRAMS_ARCHIVE));
}
