// The stored document for those who may look at it only.
import type { VNode } from "preact";
import type { ShownPolicy } from "../client/answers.ts";
import { toLines } from "../model/documents.ts";
import { Card, Empty } from "../parts/sections.tsx";
import { Table } from "../parts/table.tsx";

export function StoredDocument({ policy }: { readonly policy: ShownPolicy }): VNode {
  const lines = toLines(policy.document);
  return (
    <Card title={policyTitle(policy)}>
      <p class="hint">You are logged in as viewer: the policy can be looked at, not changed.</p>
      {lines.length === 0 ? (
        <Empty title="Nothing is stored." />
      ) : (
        <Table
          label="Stored policy"
          columns={[
            { title: "Field", cell: ({ field }) => <code>{field}</code> },
            { title: "Value", cell: ({ value }) => <code class="long">{value}</code> },
          ]}
          rows={lines}
          keyOf={({ field }) => field}
        />
      )}
    </Card>
  );
}

export function policyTitle({ version }: { readonly version: number }): string {
  return version === 0 ? "Stored policy: none yet" : `Stored policy, version ${version}`;
}
