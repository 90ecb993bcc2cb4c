// The page around the views: what the agent says goes to the one view that the address names.
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type Live, useLiveView, usePlace } from "./client/hooks.ts";
import { Header } from "./header.tsx";
import type { Codes } from "./model/codes.ts";
import type { Place, ViewName } from "./model/place.ts";
import { CodesView } from "./views/codes.tsx";
import { IntentionsView } from "./views/intentions.tsx";
import { ProblemsView } from "./views/problems.tsx";
import { ServiceView } from "./views/service.tsx";
import { ServicesView } from "./views/services.tsx";
import { TapView } from "./views/tap.tsx";
import { TopologyView } from "./views/topology.tsx";
import type { ViewProps } from "./views/view-props.ts";
import { WorkloadsView } from "./views/workloads.tsx";

const TITLES: Readonly<Record<ViewName, string>> = {
  topology: "Topology",
  services: "Services",
  workloads: "Workloads",
  intentions: "Intentions",
  tap: "Live requests",
  problems: "Problems",
  codes: "Codes",
};

export function Console({ codes }: { readonly codes: Codes }): VNode {
  const live = useLiveView();
  const place = usePlace();
  useTitle(place);
  return (
    <>
      <button type="button" class="skip" onClick={skip}>
        Skip to the content
      </button>
      <Header live={live} place={place} />
      <Connection live={live} />
      <main>
        {live.view === undefined ? (
          <p class="waiting" role="status">
            Waiting for the agent…
          </p>
        ) : (
          <View place={place} view={live.view} codes={codes} />
        )}
      </main>
    </>
  );
}

function View(props: ViewProps): VNode {
  const { view, path } = props.place;
  switch (view) {
    case "topology":
      return <TopologyView {...props} />;
    case "services":
      return path[0] === undefined ? <ServicesView {...props} /> : <ServiceView {...props} />;
    case "workloads":
      return <WorkloadsView {...props} />;
    case "intentions":
      return <IntentionsView {...props} />;
    case "tap":
      return <TapView {...props} />;
    case "problems":
      return <ProblemsView {...props} />;
    case "codes":
      return <CodesView {...props} />;
  }
}

/** No link: the address names a view, so one within the page would lead to another view. */
function skip(): void {
  document.getElementById("view-title")?.focus();
}

/** Who hears the page is told of another view by its heading; selections within one do not move the focus. */
function useTitle({ view, path }: Place): void {
  const name = [view, ...path].join("/");
  const last = useRef(name);
  useEffect(() => {
    document.title = `${path[0] ?? TITLES[view]} · docker mesh`;
    if (last.current === name) return;
    last.current = name;
    scrollTo(0, 0);
    document.getElementById("view-title")?.focus({ preventScroll: true });
  }, [name, view, path]);
}

function Connection({ live: { state, view } }: { readonly live: Live }): VNode {
  const lost = state === "lost";
  return (
    <div class="connection" role="status">
      {lost && (
        <p class="notice warning">
          The connection to the agent is lost, trying again
          {view !== undefined && ": what is shown is what was known before"}.
        </p>
      )}
    </div>
  );
}
