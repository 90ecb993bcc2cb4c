// The top of the page: which node this is and how it is, the views, and what concerns the reader alone.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { ConsoleView } from "../view.ts";
import { type Live, useClient } from "./client/hooks.ts";
import { CONSUL_PATH } from "./client/paths.ts";
import { keepTheme, readTheme, THEMES, type Theme } from "./client/theme.ts";
import { shortenName } from "./model/format.ts";
import { formatPlace, type Place, type ViewName } from "./model/place.ts";
import { Badge, type Tone } from "./parts/badge.tsx";
import { Icon } from "./parts/icons.tsx";

const THEME_NAMES: Readonly<Record<Theme, string>> = {
  system: "Auto",
  light: "Light",
  dark: "Dark",
};

const ENTRIES: readonly (readonly [ViewName, string])[] = [
  ["topology", "Topology"],
  ["services", "Services"],
  ["workloads", "Workloads"],
  ["intentions", "Intentions"],
  ["tap", "Live"],
  ["problems", "Problems"],
];

export function Header({ live, place }: { readonly live: Live; readonly place: Place }): VNode {
  const problems = live.view?.status.problems.length ?? 0;
  return (
    <header class="top">
      <div class="top-line">
        <a class="brand" href={formatPlace("topology")}>
          <Icon name="brand" /> docker mesh
        </a>
        {live.view !== undefined && <NodeFacts view={live.view} live={live.state === "live"} />}
        <Personal />
      </div>
      <nav aria-label="Views">
        <ul>
          {ENTRIES.map(([view, title]) => (
            <li key={view}>
              <a
                href={formatPlace(view)}
                aria-current={place.view === view ? "page" : undefined}
                class="nav-link"
              >
                <Icon name={view} />
                <span>{title}</span>
                {view === "problems" && problems > 0 && (
                  <Badge tone="bad">
                    {problems}
                    <span class="unseen"> known</span>
                  </Badge>
                )}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </header>
  );
}

function NodeFacts({ view, live }: { readonly view: ConsoleView; readonly live: boolean }): VNode {
  const { agent } = view.status;
  const { session } = useClient();
  const catalog = agent.catalogReachable ? "reachable" : "out of reach";
  const [tone, word]: [Tone, string] = live ? ["good", "live"] : ["warning", "not live"];
  return (
    <ul class="node-facts" aria-label="This node">
      <li>
        <Badge tone={tone}>{word}</Badge>
      </li>
      <li>
        <span>node</span> <b>{agent.node}</b>
      </li>
      <li>
        <span>{agent.catalog}</span>{" "}
        <b class={agent.catalogReachable ? undefined : "bad-text"}>{catalog}</b>
      </li>
      <li>
        <span>mTLS</span> <b>{encryptedCalls(view)}</b>
      </li>
      <li title={agent.trustDomain}>
        <span>trust domain</span> <code>{shortenName(agent.trustDomain ?? "none yet", 18)}</code>
      </li>
      <li class="role-fact">
        <span>role</span> <b>{session.role}</b>
      </li>
    </ul>
  );
}

function encryptedCalls({ edges }: ConsoleView): string {
  if (edges.length === 0) return "no calls";
  const encrypted = edges.filter(({ security }) => security === "mtls").length;
  return encrypted === edges.length ? "all calls" : `${encrypted} of ${edges.length} calls`;
}

/** What concerns the reader: light or dark, who they are, the way out. */
function Personal(): VNode {
  const { session, logOut } = useClient();
  const [theme, setTheme] = useState(readTheme);
  const choose = (chosen: Theme): void => {
    keepTheme(chosen);
    setTheme(chosen);
  };
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  return (
    <div class="personal">
      {session.consul && (
        <a class="button quiet" href={CONSUL_PATH}>
          Consul
        </a>
      )}
      <button
        type="button"
        class="quiet"
        aria-label={`Colours: ${THEME_NAMES[theme]}, change to ${THEME_NAMES[next]}`}
        title={`Colours: ${THEME_NAMES[theme]}`}
        onClick={() => choose(next)}
      >
        <Icon name="sun" />
        <span class="theme-name">{THEME_NAMES[theme]}</span>
      </button>
      <span class="role" title={`Logged in as ${session.role}`}>
        {session.role}
      </span>
      <button type="button" class="quiet" onClick={() => void logOut().catch(() => undefined)}>
        Log out
      </button>
    </div>
  );
}
