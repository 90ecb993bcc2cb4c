// What lines, locks and numbers of the graph mean.
import type { VNode } from "preact";
import { Icon } from "../parts/icons.tsx";

export function Legend(): VNode {
  return (
    <ul class="legend" aria-label="Legend">
      <li>
        <Icon name="locked" /> mutual TLS
      </li>
      <li class="warning-text">
        <Icon name="unlocked" /> plaintext, dashed
      </li>
      <li>
        <code>12/s · 1 % err</code> requests and errors
      </li>
      <li>
        <code>2 ms / 9 ms</code> p50 and p99
      </li>
      <li>over the last 30 s</li>
    </ul>
  );
}
