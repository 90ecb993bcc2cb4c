// Which nft rules an init container may install: those of the mesh's own tables, line by line, made of the words that
// `docker/interception-rules.ts` uses. Files are not read, and nothing outside the two tables is touched. Pure.

const FRAME: readonly RegExp[] = [
  /^(?:delete )?table (?:ip docker_mesh|inet docker_mesh_guard)$/,
  /^table (?:ip docker_mesh|inet docker_mesh_guard) \{$/,
  /^ {2}chain (?:inbound|outbound) \{$/,
  /^ {4}type (?:nat|filter) hook (?:prerouting|input|output) priority -?\d{1,3}; policy accept;$/,
  /^(?: {2})?\}$/,
];

const STATEMENT = /^ {4}[a-z0-9_ "!=<>&|(){},:./-]+$/;
const WORDS: ReadonlySet<string> = new Set(
  `accept ack admin-prohibited ct daddr direction dnat dport drop fin flags icmp icmpv6 icmpx iifname ip ip6 ipv6-icmp l4proto
  length lo mark meta nd-neighbor-advert nd-neighbor-solicit nd-router-solicit mld-listener-report mld2-listener-report oifname
  redirect reject related reply reset return rst set skgid skuid state syn tcp th to type udp with`.split(
    /\s+/,
  ),
);
/** Numbers, addresses and ranges of either. */
const VALUE = /^[0-9a-f.:]*[0-9:][0-9a-f.:]*(?:\/\d{1,3})?(?:-[0-9a-f.:]+)?$/;

/** The first line that is not of the mesh's own kind; undefined where all are. */
export function foreignRule(text: string): string | undefined {
  return text.split("\n").find((line) => !isFrame(line) && !isStatement(line));
}

function isFrame(line: string): boolean {
  return FRAME.some((pattern) => pattern.test(line));
}

function isStatement(line: string): boolean {
  if (!STATEMENT.test(line)) return false;
  // As in `dnat to :tcp dport`.
  const words = line.split(/[ "!=<>&|(){},]+:?/).filter((word) => word !== "");
  return words.every((word) => WORDS.has(word) || VALUE.test(word));
}
