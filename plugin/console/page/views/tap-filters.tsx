// Which requests are to be shown; the agent chooses, so that others do not even come here.
import type { VNode } from "preact";
import type { Place } from "../model/place.ts";
import { replaceQuery, SearchField } from "../parts/search.tsx";

export function TapFilters(props: {
  readonly place: Place;
  readonly services: readonly string[];
}): VNode {
  const { place, services } = props;
  return (
    <search class="tools filters">
      <SearchField
        place={place}
        name="service"
        label="Callee"
        placeholder="any"
        options={services}
        whole
      />
      <SearchField
        place={place}
        name="source"
        label="Caller"
        placeholder="any"
        options={services}
        whole
      />
      <SearchField place={place} name="method" label="Method" placeholder="GET" whole />
      <SearchField place={place} name="path" label="Path begins with" placeholder="/" whole />
      <SearchField place={place} name="status" label="Status" placeholder="404 or 5xx" whole />
      <Choice place={place} name="failed" title="only failed ones" />
      <Choice place={place} name="both" title="as both ends saw them" />
    </search>
  );
}

function Choice(props: {
  readonly place: Place;
  /** The name in the query. */
  readonly name: string;
  readonly title: string;
}): VNode {
  const { place, name, title } = props;
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={place.query[name] === "true"}
        onChange={({ currentTarget }) =>
          replaceQuery(place, { [name]: currentTarget.checked ? "true" : undefined })
        }
      />
      <span>{title}</span>
    </label>
  );
}
