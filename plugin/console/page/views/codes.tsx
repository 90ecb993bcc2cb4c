// Every code of errors and failures, as docs/errors.md tells them.
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import type { CodeText } from "../model/codes.ts";
import { matching } from "../model/filters.ts";
import { Inline } from "../parts/inline.tsx";
import { SearchField } from "../parts/search.tsx";
import { Empty, ViewHead } from "../parts/sections.tsx";
import type { ViewProps } from "./view-props.ts";

export function CodesView({ place, codes }: ViewProps): VNode {
  const [chosen = ""] = place.path;
  const found = matching([...codes.values()], place.query["search"] ?? "", (text) => [
    ...[text.code, text.meaning, text.cause, text.cure],
  ]);
  useEffect(() => {
    document.getElementById(chosen)?.scrollIntoView({ block: "center" });
  }, [chosen]);
  return (
    <>
      <ViewHead title="Codes">
        <search class="tools">
          <SearchField place={place} name="search" label="Search" placeholder="code or words" />
        </search>
      </ViewHead>
      {found.length === 0 && <Empty title="No code fits.">Search for less.</Empty>}
      <dl class="codes">
        {found.map((text) => (
          <Code key={text.code} text={text} chosen={text.code === chosen} />
        ))}
      </dl>
    </>
  );
}

function Code({ text, chosen }: { readonly text: CodeText; readonly chosen: boolean }): VNode {
  return (
    <div id={text.code} class={chosen ? "chosen" : undefined}>
      <dt>
        <code>{text.code}</code>
      </dt>
      <dd>
        <p>
          <Inline text={text.meaning} />
        </p>
        <p>
          <b>Cause:</b> <Inline text={text.cause} />
        </p>
        <p>
          <b>What to do:</b> <Inline text={text.cure} />
        </p>
      </dd>
    </div>
  );
}
