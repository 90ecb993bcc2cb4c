// Everything that is wrong on this node, wrong labels among it, with what each code means and what helps.
import type { VNode } from "preact";
import type { Problem } from "../../../status.ts";
import type { CodeText } from "../model/codes.ts";
import { formatPlace } from "../model/place.ts";
import { Inline } from "../parts/inline.tsx";
import { Empty, ViewHead } from "../parts/sections.tsx";
import type { ViewProps } from "./view-props.ts";

export function ProblemsView({ view, codes }: ViewProps): VNode {
  const { problems } = view.status;
  return (
    <>
      <ViewHead title="Problems">
        <a class="button quiet" href={formatPlace("codes")}>
          All codes
        </a>
      </ViewHead>
      {problems.length === 0 && (
        <Empty title="Nothing is wrong that this node knows of.">
          Wrong labels, services that share no network, sidecars that fail and a catalog that is out
          of reach show up here.
        </Empty>
      )}
      <ul class="problems">
        {problems.map((problem) => (
          <li key={`${problem.subject} ${problem.code} ${problem.message}`} class="card">
            <ProblemCard problem={problem} text={codes.get(problem.code)} />
          </li>
        ))}
      </ul>
    </>
  );
}

function ProblemCard(props: {
  readonly problem: Problem;
  readonly text: CodeText | undefined;
}): VNode {
  const { problem, text } = props;
  return (
    <>
      <h2>
        {problem.subject}{" "}
        <a class="code bad" href={formatPlace("codes", [problem.code])}>
          {problem.code}
        </a>
      </h2>
      <p>{problem.message}</p>
      {text !== undefined && (
        <p class="cure">
          <b>What to do:</b> <Inline text={text.cure} />
        </p>
      )}
    </>
  );
}
