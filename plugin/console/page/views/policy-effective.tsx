// The value of every field that is in force, and which source says so.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { EffectiveField, PolicySource } from "../client/answers.ts";
import { matching } from "../model/filters.ts";
import { Badge } from "../parts/badge.tsx";
import { Card, Empty } from "../parts/sections.tsx";
import { type Column, Table } from "../parts/table.tsx";

const ORIGINS: Readonly<Record<PolicySource, string>> = {
  default: "built in",
  mesh: "policy of all services",
  label: "label of its containers",
  policy: "stored policy",
};

const COLUMNS: readonly Column<EffectiveField>[] = [
  { title: "Field", cell: ({ field }) => <code>{field}</code> },
  {
    title: "Value",
    cell: ({ value }) => <code class="long">{value === "" ? "(empty)" : value}</code>,
  },
  {
    title: "From",
    cell: ({ source }) => (
      <Badge tone={source === "default" ? "plain" : "good"}>{ORIGINS[source]}</Badge>
    ),
  },
];

export function EffectivePolicy({ fields }: { readonly fields: readonly EffectiveField[] }): VNode {
  const [search, setSearch] = useState("");
  const [all, setAll] = useState(false);
  const chosen =
    all || search !== "" ? fields : fields.filter(({ source }) => source !== "default");
  const found = matching(chosen, search, ({ field, value, source }) => [field, value, source]);
  return (
    <Card title="In force">
      <search class="tools">
        <label class="field">
          <span>Search</span>
          <input
            type="search"
            value={search}
            placeholder="field or value"
            onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={all}
            onChange={({ currentTarget }) => setAll(currentTarget.checked)}
          />
          <span>built-in values too</span>
        </label>
      </search>
      {found.length === 0 ? (
        <Empty title="Nothing differs from what is built in.">
          The built-in values are meant for two to five replicas; labels and the stored policy
          change them.
        </Empty>
      ) : (
        <Table
          label="Policy in force"
          columns={COLUMNS}
          rows={found}
          keyOf={({ field }) => field}
        />
      )}
    </Card>
  );
}
