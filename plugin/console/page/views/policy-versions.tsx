// Earlier versions of the stored document, what each changed, and the way back.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { ShownPolicy, StoredPolicy } from "../client/answers.ts";
import type { RequestFailed } from "../client/client.ts";
import { asFailed, useClient } from "../client/hooks.ts";
import { servicePath } from "../client/paths.ts";
import { diffFields } from "../model/documents.ts";
import { formatMoment } from "../model/format.ts";
import { Card, Empty, Failure } from "../parts/sections.tsx";
import { Changes } from "./policy-changes.tsx";

export function PolicyVersions(props: {
  readonly policy: ShownPolicy;
  /** Newest first. */
  readonly versions: readonly StoredPolicy[];
  readonly onWritten: () => void;
  readonly readOnly: boolean;
}): VNode {
  const { policy, versions, onWritten, readOnly } = props;
  const { ask } = useClient();
  const [error, setError] = useState<RequestFailed>();
  const goBack = async (version: number): Promise<void> => {
    setError(undefined);
    try {
      await ask(`${servicePath(policy.service, "policy")}/rollback`, {
        method: "POST",
        body: { version },
        headers: { "if-match": `"${policy.version}"` },
      });
      onWritten();
    } catch (thrown) {
      setError(asFailed(thrown));
    }
  };
  return (
    <Card title="Versions">
      {error !== undefined && <Failure error={error} />}
      {versions.length === 0 && <Empty title="No version has been stored." />}
      <ol class="versions">
        {versions.map((entry) => (
          <Version
            {...{ key: entry.version, entry, policy }}
            onGoBack={readOnly ? undefined : () => void goBack(entry.version)}
          />
        ))}
      </ol>
    </Card>
  );
}

function Version(props: {
  readonly entry: StoredPolicy;
  readonly policy: ShownPolicy;
  /** Undefined for those who may not. */
  readonly onGoBack: (() => void) | undefined;
}): VNode {
  const { entry, policy, onGoBack } = props;
  const { version, writtenAt, note = "" } = entry;
  const isInForce = version === policy.version;
  return (
    <li>
      <details>
        <summary>
          <b>Version {version}</b>
          {isInForce && " (in force)"}{" "}
          <small>
            {writtenAt === undefined ? "" : formatMoment(writtenAt)} {note}
          </small>
        </summary>
        {isInForce ? (
          <p class="hint">This is the stored policy now.</p>
        ) : (
          <>
            <p class="hint">Going back would change:</p>
            <Changes changes={diffFields(policy.document, entry.document)} />
            {onGoBack !== undefined && (
              <button type="button" onClick={onGoBack}>
                Go back to version {version}
              </button>
            )}
          </>
        )}
      </details>
    </li>
  );
}
