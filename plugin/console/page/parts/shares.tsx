// How something is shared out, as bars with words.
import type { VNode } from "preact";
import type { VersionShare } from "../model/edges.ts";
import { formatRate, formatShare } from "../model/format.ts";

export function Shares(props: {
  readonly title: string;
  readonly shares: readonly VersionShare[];
}): VNode | null {
  const { title, shares } = props;
  if (shares.every(({ version }) => version === "")) return null;
  return (
    <div class="shares">
      <h3>{title}</h3>
      <ul>
        {shares.map(({ version, rate, share }) => (
          <li key={version}>
            <span>{version || "without version"}</span>
            <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
              <rect class="track" width="100" height="6" />
              <rect class="bar" width={share * 100} height="6" />
            </svg>
            <b>{formatShare(share)}</b> <span>{formatRate(rate)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
