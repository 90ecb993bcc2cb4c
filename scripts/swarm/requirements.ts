// What a swarm takes of the machine that it is made on.
import { attempt, isInstalled } from "../command.ts";

/** Programs and the packages of Debian that hold them. */
const PROGRAMS = {
  ip: "iproute2",
  nsenter: "util-linux",
  unshare: "util-linux",
  dockerd: "docker.io",
} as const;
/** Links that nodes and overlay networks are made of, and what the kernel calls their modules. */
const LINKS = {
  veth: ["type", "veth"],
  bridge: ["type", "bridge"],
  vxlan: ["type", "vxlan", "id", "1", "dstport", "4789"],
} as const;

/** What is missing, with what to do, for people; undefined where swarms can be made. */
export async function missingForSwarm(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) {
    return "expected root, since every node gets a network and an engine of its own";
  }
  for (const [program, source] of Object.entries(PROGRAMS)) {
    if (await isInstalled(program)) continue;
    return `expected the program ${program}; install Debian's package ${source}`;
  }
  for (const [module, kind] of Object.entries(LINKS)) {
    const { code, stderr } = await attempt("unshare", [
      ...["--net", "ip", "link", "add", "probe", ...kind],
    ]);
    if (code === 0) continue;
    return `expected the kernel to make links of type ${module} (${stderr.trim()}); try \`modprobe ${module}\`, or in a container --privileged`;
  }
  return undefined;
}
