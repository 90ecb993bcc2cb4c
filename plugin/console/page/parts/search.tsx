// A field in which the reader says what to look for. What is typed goes into the address, without an entry in the history for
// every letter.
import type { VNode } from "preact";
import { formatPlace, type Place } from "../model/place.ts";

/** Replaces the query of the address; nothing else of it changes. */
export function replaceQuery(
  { view, path, query }: Place,
  change: Readonly<Record<string, string | undefined>>,
): void {
  history.replaceState(null, "", formatPlace(view, path, { ...query, ...change }));
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

export function SearchField(props: {
  readonly place: Place;
  /** The name in the query. */
  readonly name: string;
  readonly label: string;
  readonly placeholder?: string;
  readonly options?: readonly string[];
  /** Whether a value counts only when it is complete: when the reader leaves the field. */
  readonly whole?: boolean;
}): VNode {
  const { place, name, label, options, whole = false } = props;
  const take = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }): void =>
    replaceQuery(place, { [name]: currentTarget.value.trim() });
  const list = options === undefined ? undefined : `${name}-options`;
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="search"
        name={name}
        value={place.query[name] ?? ""}
        placeholder={props.placeholder}
        list={list}
        autocomplete="off"
        spellcheck={false}
        onInput={whole ? undefined : take}
        onChange={take}
      />
      {options !== undefined && (
        <datalist id={list}>
          {options.slice(0, 100).map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
    </label>
  );
}
