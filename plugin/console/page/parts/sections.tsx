// The parts that every view is made of: its heading, a card, words in place of what is not there, and a failure.
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { RequestFailed } from "../client/client.ts";
import { formatPlace } from "../model/place.ts";

/** The heading takes the focus when the reader goes to another view. */
export function ViewHead(props: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): VNode {
  return (
    <div class="view-head">
      <h1 id="view-title" tabIndex={-1}>
        {props.title}
      </h1>
      {props.children}
    </div>
  );
}

export function Card(props: {
  readonly title: string;
  /** At the right of the title. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <section class="card" aria-label={props.title}>
      <div class="card-head">
        <h2>{props.title}</h2>
        {props.aside}
      </div>
      {props.children}
    </section>
  );
}

/** A card about what the reader has just chosen elsewhere on the page, which may be out of sight. */
export function Details(props: {
  readonly title: string;
  /** The address without it. */
  readonly close: string;
  readonly children: ComponentChildren;
}): VNode {
  const { title, close, children } = props;
  const element = useRef<HTMLDivElement>(null);
  // Another title is another choice.
  useEffect(() => element.current?.scrollIntoView({ block: "nearest" }), [title]);
  return (
    <div class="details" ref={element}>
      <Card
        title={title}
        aside={
          <a class="button quiet" href={close}>
            Close
          </a>
        }
      >
        {children}
      </Card>
    </div>
  );
}

/** Why there is nothing, and what to do. */
export function Empty(props: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): VNode {
  return (
    <div class="empty">
      <strong>{props.title}</strong>
      {props.children !== undefined && <p>{props.children}</p>}
    </div>
  );
}

export function Failure({ error }: { readonly error: RequestFailed }): VNode {
  return (
    <div class="notice bad" role="alert">
      <a href={formatPlace("codes", [error.code])}>{error.code}</a> {error.message}
    </div>
  );
}

/** Names and values. */
export function Facts(props: {
  readonly facts: readonly (readonly [string, ComponentChildren])[];
}): VNode {
  return (
    <dl class="facts">
      {props.facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
