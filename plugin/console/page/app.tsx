// Who is here: nobody yet, somebody who has to log in, or somebody who sees the mesh.
import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { SessionView } from "../view.ts";
import { ClientContext, createClient, readSession } from "./client/client.ts";
import { Console } from "./console.tsx";
import type { Codes } from "./model/codes.ts";
import { Login } from "./views/login.tsx";

type Visitor =
  | { readonly kind: "asking" }
  | { readonly kind: "away" }
  | { readonly kind: "nobody"; readonly wasHere: boolean }
  | { readonly kind: "known"; readonly session: SessionView };

/** ms until an agent that did not answer is asked again. */
const AGAIN = 2_000;

export function App({ codes }: { readonly codes: Codes }): VNode {
  const [visitor, setVisitor] = useState<Visitor>({ kind: "asking" });
  useEffect(() => {
    if (visitor.kind === "asking") void ask(setVisitor);
    if (visitor.kind !== "away") return;
    const timer = setTimeout(() => setVisitor({ kind: "asking" }), AGAIN);
    return () => clearTimeout(timer);
  }, [visitor]);
  const session = visitor.kind === "known" ? visitor.session : undefined;
  const client = useMemo(
    () =>
      session === undefined
        ? undefined
        : createClient(session, () => setVisitor({ kind: "nobody", wasHere: true })),
    [session],
  );
  if (client !== undefined) {
    return (
      <ClientContext.Provider value={client}>
        <Console codes={codes} />
      </ClientContext.Provider>
    );
  }
  if (visitor.kind === "nobody") {
    const enter = (known: SessionView): void => setVisitor({ kind: "known", session: known });
    return <Login wasHere={visitor.wasHere} onEnter={enter} />;
  }
  return (
    <p class="waiting" role="status">
      {visitor.kind === "away" ? "The agent does not answer. Trying again…" : "Asking the agent…"}
    </p>
  );
}

async function ask(tell: (visitor: Visitor) => void): Promise<void> {
  try {
    const session = await readSession();
    tell(session === undefined ? { kind: "nobody", wasHere: false } : { kind: "known", session });
  } catch {
    tell({ kind: "away" });
  }
}
