// What of the mesh is on this node, as the directory has it.
import type { DirectoryService } from "../sidecars/directory.ts";
import type { Locality } from "./repeated.ts";

type Services = readonly Pick<DirectoryService, "service" | "entries">[];

/** `services` is asked anew each time; an answer that is the same object as before is not looked at again. */
export function localityOf(node: string, services: () => Services): Locality {
  let seen: Services = [];
  let whole: ReadonlySet<string> = new Set();
  let instances: ReadonlySet<string> = new Set();
  const look = (): void => {
    const now = services();
    if (now === seen) return;
    seen = now;
    const isHere = ({ instance }: DirectoryService["entries"][number]): boolean =>
      instance.node === node;
    const entire = now.filter(({ entries }) => entries.length > 0 && entries.every(isHere));
    whole = new Set(entire.map(({ service }) => service));
    const here = now.flatMap(({ entries }) => entries.filter(isHere));
    instances = new Set(here.map(({ instance }) => instance.id));
  };
  return {
    isWhollyHere: (service) => {
      look();
      return whole.has(service);
    },
    isInstanceHere: (id) => {
      look();
      return instances.has(id);
    },
  };
}
