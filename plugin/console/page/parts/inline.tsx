// A sentence with `code` in it.
import type { VNode } from "preact";
import { parseInline } from "../model/codes.ts";

export function Inline({ text }: { readonly text: string }): VNode {
  return (
    <>
      {parseInline(text).map(({ kind, text: part }, index) =>
        kind === "code" ? <code key={`${index} ${part}`}>{part}</code> : part,
      )}
    </>
  );
}
