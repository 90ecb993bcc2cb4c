// The dashboard shows what there is: every metric and label of its queries stands in docs/metrics.md. That Prometheus
// understands the queries is seen end to end.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, describe, it } from "mocha";
import { type Dashboard, type Panel, queriesOf, readDashboard } from "../helpers/dashboard.ts";

/** What Prometheus adds itself. */
const PROMETHEUS: Readonly<Record<string, readonly string[]>> = { up: ["job", "instance"] };

/** Labels by metric, as the document has them. */
async function documented(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const text = await readFile(new URL("../../docs/metrics.md", import.meta.url), "utf8");
  const [intro = "", table = ""] = text.split("<!-- metrics: begin -->");
  const ofRequests = [...intro.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, names = ""]) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name),
  );
  const rows = [...table.matchAll(/^\| `(\w+)` \| (\w+) \| ([^|]*) \|/gm)];
  const found = new Map<string, ReadonlySet<string>>();
  for (const [, name = "", type, labels = ""] of rows) {
    const own = labels.startsWith("as above")
      ? ofRequests
      : [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label);
    found.set(name, new Set(own));
    if (type !== "histogram") continue;
    found.set(`${name}_bucket`, new Set([...own, "le"]));
    for (const suffix of ["_sum", "_count"]) found.set(`${name}${suffix}`, new Set(own));
  }
  for (const [name, labels] of Object.entries(PROMETHEUS)) found.set(name, new Set(labels));
  return found;
}

const METRIC = /\b(?:istio_|mesh_|up\b)\w*/g;

describe("the dashboard", () => {
  let dashboard: Dashboard;
  let known: ReadonlyMap<string, ReadonlySet<string>>;

  before(async () => {
    dashboard = await readDashboard();
    known = await documented();
  });

  it("asks for metrics that there are, by labels that they have", () => {
    const queries = queriesOf(dashboard);
    assert.ok(queries.length > 30);
    for (const query of queries) {
      const metrics = [...query.matchAll(METRIC)].map(([name]) => name);
      assert.ok(metrics.length > 0, query);
      const selected = [...query.matchAll(/(\w+)\{([^}]*)\}/g)];
      for (const metric of metrics) assert.ok(known.has(metric), `${metric} in ${query}`);
      for (const [, metric = "", matchers = ""] of selected) {
        for (const [, label = ""] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g))
          assert.ok(known.get(metric)?.has(label), `${label} of ${metric} in ${query}`);
      }
      const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = ""]) =>
        list.split(/,\s*/),
      );
      for (const label of grouped)
        assert.ok(
          metrics.every((metric) => known.get(metric)?.has(label)),
          `${label} in ${query}`,
        );
    }
  });

  it("names in its legends only labels that its queries leave", () => {
    for (const { title, targets = [] } of dashboard.panels) {
      for (const { expr, legendFormat } of targets) {
        for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
          assert.match(expr, new RegExp(`by \\([^)]*\\b${label}\\b`), title);
      }
    }
  });

  it("shows every metric of the mesh's own", () => {
    const asked = queriesOf(dashboard).join("\n");
    const own = [...known.keys()].filter((name) => name.startsWith("mesh_"));
    const unseen = own.filter((name) => !new RegExp(`\\b${name}\\b`).test(asked));
    assert.deepEqual(unseen, []);
  });

  it("has panels of which none covers another", () => {
    const { panels } = dashboard;
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of panels) {
      for (const place of placesOf(gridPos)) {
        assert.ok(!taken.has(place), `${title} covers another panel`);
        taken.add(place);
      }
    }
  });

  it("takes its data from the source that Grafana is given", async () => {
    const source = new URL("../../compose/grafana/source.yaml", import.meta.url);
    assert.match(await readFile(source, "utf8"), /uid: mesh\n +type: prometheus\n/);
    for (const { title, type, datasource, targets = [] } of dashboard.panels) {
      const expected = type === "row" ? undefined : { type: "prometheus", uid: "mesh" };
      assert.deepEqual(datasource, expected, title);
      assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    }
  });

  it("lets choose by labels that there are", () => {
    for (const { definition } of dashboard.templating.list) {
      const [, metric = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? [];
      assert.ok(known.get(metric)?.has(label), definition);
    }
  });
});

/** Of Grafana's 24 columns. */
function placesOf({ x, y, w, h }: Panel["gridPos"]): readonly string[] {
  assert.ok(x >= 0 && x + w <= 24);
  return Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`);
}
