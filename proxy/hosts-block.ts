// The mesh's lines in a hosts file, as text in and text out. Everything outside the two markers stays byte for byte: the
// file belongs to Docker and to the application.

export interface HostsEntry {
  readonly address: string;
  /** At least one. */
  readonly names: readonly string[];
}

const BEGIN = "# docker-mesh begin";
const END = "# docker-mesh end";
/** An entry of ours: the addresses that stand for services are of 127.64.0.0/10. */
const OUR_ENTRY = /^127\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./;

/** The file with exactly these entries between the markers, at the end; without markers when there are no entries. */
export function withHostsBlock(content: string, entries: readonly HostsEntry[]): string {
  const others = removeBlock(content);
  if (entries.length === 0) return others;
  const gap = others === "" || others.endsWith("\n") ? "" : "\n";
  const lines = entries.map(({ address, names }) => `${address} ${names.join(" ")}\n`);
  return `${others}${gap}${BEGIN}\n${lines.join("")}${END}\n`;
}

/** A block whose end is missing (a write that was interrupted) reaches as far as its lines look like ours. */
function removeBlock(content: string): string {
  const lines = content.split(/(?<=\n)/);
  const closed = lines.map((line) => line.trimEnd());
  let inside = false;
  const kept = lines.filter((_, index) => {
    const line = closed[index] ?? "";
    if (line === BEGIN) {
      inside = true;
      return false;
    }
    if (line === END) {
      inside = false;
      return false;
    }
    if (!inside) return true;
    inside = closed.indexOf(END, index) !== -1 || OUR_ENTRY.test(line);
    return !inside;
  });
  return kept.join("");
}
