// The policy of one service: what is in force and whence, the stored document to be edited, and its earlier versions.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { ConsoleView } from "../../view.ts";
import type { PolicyHistory, ShownPolicy } from "../client/answers.ts";
import { useAnswer, useClient } from "../client/hooks.ts";
import { servicePath } from "../client/paths.ts";
import { Empty, Failure } from "../parts/sections.tsx";
import { PolicyEditor } from "./policy-editor.tsx";
import { EffectivePolicy } from "./policy-effective.tsx";
import { StoredDocument } from "./policy-stored.tsx";
import { PolicyVersions } from "./policy-versions.tsx";

export function PolicyView(props: { readonly service: string; readonly view: ConsoleView }): VNode {
  const { service, view } = props;
  const { session } = useClient();
  const [writes, setWrites] = useState(0);
  const inForce = view.status.services.find((one) => one.service === service)?.policyVersion ?? 0;
  const key = `${writes} ${inForce}`;
  const path = servicePath(service, "policy");
  const policy = useAnswer<ShownPolicy>(`${path}?effective=true`, key);
  const history = useAnswer<PolicyHistory>(`${path}/history`, key);
  const onWritten = (): void => setWrites(writes + 1);
  const { value, error } = policy;
  if (value === undefined) return error === undefined ? <Asking /> : <Failure error={error} />;
  return (
    <>
      {error !== undefined && <Failure error={error} />}
      {session.role === "admin" ? (
        <PolicyEditor policy={value} onWritten={onWritten} />
      ) : (
        <StoredDocument policy={value} />
      )}
      <EffectivePolicy fields={value.fields} />
      {history.value !== undefined && (
        <PolicyVersions
          policy={value}
          versions={history.value.versions}
          onWritten={onWritten}
          readOnly={session.role !== "admin"}
        />
      )}
    </>
  );
}

function Asking(): VNode {
  return <Empty title="Asking the agent…" />;
}
