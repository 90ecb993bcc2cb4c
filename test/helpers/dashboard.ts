// The dashboard of compose/grafana as specifications look at it.
import { readFile } from "node:fs/promises";

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly gridPos: Readonly<Record<"x" | "y" | "w" | "h", number>>;
  readonly targets?: readonly {
    readonly expr: string;
    readonly refId: string;
    readonly legendFormat: string;
  }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly definition: string }[];
  };
  readonly panels: readonly Panel[];
}

export async function readDashboard(): Promise<Dashboard> {
  const file = new URL("../../compose/grafana/dashboard.json", import.meta.url);
  return JSON.parse(await readFile(file, "utf8")) as Dashboard;
}

/** Every query of the dashboard as Prometheus gets it from Grafana with nothing chosen. */
export function queriesOf({ panels }: Dashboard): readonly string[] {
  return panels.flatMap(({ targets = [] }) =>
    targets.map(({ expr }) =>
      expr.replaceAll("$__rate_interval", "1m").replaceAll(/\$(?:source|destination)\b/g, ".*"),
    ),
  );
}
