import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { ContainerFacts } from "../../../plugin/docker/container-facts.ts";
import { ServiceLabels } from "../../../plugin/swarm/service-labels.ts";
import { type Interpretation, Interpreter } from "../../../plugin/workload/interpreter.ts";
import type { SwarmService } from "../../../registry/swarm-services.ts";
import { containerId, factsOf, RESTARTED_AT } from "../../helpers/workloads.ts";

const TASK = {
  "com.docker.stack.namespace": "shop",
  "com.docker.swarm.service.id": "s1",
  "com.docker.swarm.service.name": "shop_orders",
};
const ENABLE = { "mesh.enable": "true" };
const ID = containerId("a");

describe("the labels of a task", () => {
  let labels: ServiceLabels;
  let interpreter: Interpreter;

  beforeEach(() => {
    labels = new ServiceLabels(() => undefined);
    interpreter = new Interpreter(labels);
  });

  /** What the service's own labels are from now on. */
  function say(mesh: SwarmService["labels"] | undefined): void {
    const service = {
      id: "s1",
      swarm: "ours",
      name: "shop_orders",
      version: 1,
      labels: mesh ?? {},
    };
    const services = new Map(mesh === undefined ? [] : [["s1", service]]);
    labels.setView({ services, problems: [] });
    labels.setListed();
  }

  function interpret(
    container: Readonly<Record<string, string>>,
    changes: Partial<ContainerFacts> & { readonly isServed?: boolean } = {},
  ): Interpretation {
    const { isServed = true, ...others } = changes;
    const name = "shop_orders.1.x2k9";
    const facts = factsOf("orders", "a", { labels: { ...TASK, ...container }, name, ...others });
    return interpreter.interpret([facts], new Set(isServed ? [ID] : []));
  }

  interface Case {
    readonly container: Readonly<Record<string, string>>;
    readonly service: Readonly<Record<string, string>> | undefined;
    /** The version of the workload; undefined when it is none. */
    readonly version: string | undefined;
  }

  const CASES: Readonly<Record<string, Case>> = {
    "are its container's where the service has none": {
      container: { ...ENABLE, "mesh.version": "c" },
      service: undefined,
      version: "c",
    },
    "are the service's where the container has none": {
      container: {},
      service: { ...ENABLE, "mesh.version": "s" },
      version: "s",
    },
    "are the service's where both say something": {
      container: { ...ENABLE, "mesh.version": "c" },
      service: { "mesh.version": "s" },
      version: "s",
    },
    "are both where they say different things": {
      container: { ...ENABLE, "mesh.version": "c" },
      service: { "mesh.weight": "3" },
      version: "c",
    },
    "keep it out of the mesh when the service says so": {
      container: { ...ENABLE, "mesh.version": "c" },
      service: { "mesh.enable": "false" },
      version: undefined,
    },
  };
  for (const [how, { container, service, version }] of Object.entries(CASES))
    it(how, () => {
      say(service);
      const { understood, undecided, problems } = interpret(container);
      assert.deepEqual(problems, []);
      assert.equal(undecided.size, 0);
      assert.equal(understood[0]?.workload.version, version);
      assert.equal(understood.length, version === undefined ? 0 : 1);
    });

  it("give it the name of stack and service", () => {
    say(ENABLE);
    const [{ workload } = { workload: undefined }] = interpret({}).understood;
    assert.deepEqual(
      [workload?.service, workload?.alias, workload?.project],
      ["shop-orders", "orders", "shop"],
    );
  });

  it("are waited for, with a problem that says so, while the services' are not known", () => {
    const { understood, undecided, problems } = interpret(ENABLE);
    assert.deepEqual(understood, []);
    assert.deepEqual([...undecided], [ID]);
    assert.deepEqual(
      problems.map(({ subject, code }) => `${subject} ${code}`),
      ["swarm CATALOG_UNAVAILABLE"],
    );
  });

  it("of a container that is no task are waited for by nobody", () => {
    const facts = factsOf("orders", "a");
    const { understood, undecided, problems } = interpreter.interpret([facts], new Set());
    assert.equal(understood.length, 1);
    assert.deepEqual([undecided.size, problems], [0, []]);
  });

  it("stay what they were when the catalog has lost them, until somebody records others", () => {
    say({ ...ENABLE, "mesh.version": "1" });
    interpret({});
    say(undefined);
    for (let pass = 0; pass < 2; pass += 1)
      assert.equal(interpret({}).understood[0]?.workload.version, "1");
    say({});
    assert.deepEqual(interpret({}).understood, []);
  });

  it("are not kept in mind beyond its end when the catalog has lost them", () => {
    say(ENABLE);
    say(undefined);
    interpreter.interpret([], new Set());
    assert.equal(labels.of(TASK), undefined);
  });

  describe("that become wrong while it runs", () => {
    const WRONG = { "mesh.weight": "heavy", "mesh.version": "2" };
    const told =
      'label mesh.weight: expected a whole number from 1 to 1000, got "heavy" (in deploy.labels of the service shop_orders)';

    it("leave it as it was, and are told with their place; then the right ones count", () => {
      say({ "mesh.version": "1" });
      interpret(ENABLE);
      say(WRONG);
      for (let pass = 0; pass < 2; pass += 1) {
        const { understood, undecided, problems } = interpret(ENABLE);
        assert.equal(understood[0]?.workload.version, "1");
        assert.equal(undecided.size, 0);
        const message = `${told}; until then the labels before stay in force`;
        assert.deepEqual(problems, [
          { subject: "shop_orders.1.x2k9", code: "LABEL_INVALID", message },
        ]);
      }
      say({ "mesh.version": "3" });
      assert.equal(interpret(ENABLE).understood[0]?.workload.version, "3");
    });

    for (const [isServed, what] of [
      [true, "leave it with the sidecar that it has"],
      [false, "keep it out of the mesh when it has no sidecar"],
    ] as const)
      it(`${what}, where the agent does not know those before`, () => {
        say(WRONG);
        const { understood, undecided, problems } = interpret(ENABLE, { isServed });
        assert.deepEqual(understood, []);
        assert.equal(undecided.has(ID), isServed);
        assert.deepEqual(
          problems.map(({ message }) => message),
          [told],
        );
      });

    it("are those of its next start", () => {
      say({ "mesh.version": "1" });
      interpret(ENABLE);
      say(WRONG);
      const { understood } = interpret(ENABLE, { startedAt: RESTARTED_AT, isServed: false });
      assert.deepEqual(understood, []);
    });
  });
});
