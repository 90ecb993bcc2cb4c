// Logging in with the token that the agent was given or has made.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { SessionView } from "../../view.ts";
import { logIn } from "../client/client.ts";
import { asFailed } from "../client/hooks.ts";
import { Icon } from "../parts/icons.tsx";

export function Login(props: {
  /** Whether somebody was logged in until now. */
  readonly wasHere: boolean;
  readonly onEnter: (session: SessionView) => void;
}): VNode {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const enter = async (form: HTMLFormElement): Promise<void> => {
    setBusy(true);
    setProblem("");
    try {
      props.onEnter(await logIn(String(new FormData(form).get("token") ?? "").trim()));
    } catch (error) {
      const { status, message } = asFailed(error);
      setProblem(status === 401 ? "This token is not right." : message);
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          void enter(event.currentTarget);
        }}
      >
        <h1 class="brand">
          <Icon name="brand" /> docker mesh
        </h1>
        <p>{props.wasHere ? "You are logged out." : "The console of this node's agent."}</p>
        <label class="field">
          <span>Token</span>
          <input
            type="password"
            name="token"
            required
            autocomplete="current-password"
            aria-invalid={problem !== ""}
            aria-describedby={problem === "" ? undefined : "login-problem"}
          />
        </label>
        {problem !== "" && (
          <p id="login-problem" class="notice bad" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" disabled={busy}>
          {busy ? "Asking…" : "Log in"}
        </button>
        <p class="hint">
          <code>docker mesh dashboard</code> tells the token; docs/console.md says how to set one.
        </p>
      </form>
    </main>
  );
}
