// The roots of the embedded authority over time: which one signs, and which are trusted. Nothing here has a clock; all
// follows from when each root begins to sign, so that a restart in the midst of a replacement goes on where it was.
import { CLOCK_TOLERANCE } from "../../mesh/clock.ts";

/** A root with its key. */
export interface Root {
  /** PEM, ending with a newline. */
  readonly certificate: string;
  /** PEM, PKCS#8. */
  readonly privateKey: string;
  /** Wall clock, ms; its predecessor signs until then. */
  readonly signsFrom: number;
}

export interface Roots {
  readonly trustDomain: string;
  /** Oldest first, at least one. */
  readonly list: readonly [Root, ...Root[]];
}

/** A new root is trusted this long before anything is signed with it, ms: until every sidecar has heard of it. */
export const SPREAD = 10_000;

/** The root that signs at that moment: the last whose time has come. */
export function signerAt({ list }: Roots, now: number): Root {
  return list.findLast(({ signsFrom }) => signsFrom <= now) ?? list[0];
}

/** Without the roots that nothing can rest on any more: leaves that live `leafLifetime` ms have run out everywhere. */
export function trustedAt(roots: Roots, now: number, leafLifetime: number): Roots {
  const [newest, ...older] = roots.list.toReversed() as [Root, ...Root[]];
  const kept: [Root, ...Root[]] = [newest];
  for (const root of older) {
    // Its last leaf is as old as the successor's first.
    if (now >= kept[0].signsFrom + leafLifetime + CLOCK_TOLERANCE) break;
    kept.unshift(root);
  }
  return { ...roots, list: kept };
}

/** Whether the newest root has signed for `age` ms, so that it is time for another. */
export function isAged({ list }: Roots, now: number, age: number): boolean {
  return now >= (list.at(-1) ?? list[0]).signsFrom + age;
}
