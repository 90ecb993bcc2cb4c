// What the page expects of the agent's API, held against what the agent sends: these lines do not compile once they differ.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { EffectiveField } from "../../../../mesh/policy/document.ts";
import type { ErrorBody } from "../../../../plugin/api/error-status.ts";
import type {
  EndpointReport,
  ErrorAnswer,
  EffectiveField as ExpectedField,
  StoredPolicy as ExpectedPolicy,
} from "../../../../plugin/console/page/client/answers.ts";
import { CONSUL_PATH, CSRF_FIELD, PATHS } from "../../../../plugin/console/page/client/paths.ts";
import * as contract from "../../../../plugin/console/view.ts";
import type { CallerReport } from "../../../../plugin/policy/caller-reports.ts";
import type { ShownPolicy } from "../../../../plugin/policy/policy-desk.ts";
import type { StoredPolicy } from "../../../../registry/policy-store.ts";

/** Compiles only where everything that is sent is understood. */
type Understood<Sent extends Expected, Expected> = Sent;
type Answers = [
  Understood<EffectiveField, ExpectedField>,
  Understood<ShownPolicy, ExpectedPolicy>,
  Understood<StoredPolicy, ExpectedPolicy>,
  Understood<CallerReport, EndpointReport>,
  Understood<ErrorBody, ErrorAnswer>,
];

describe("what the console's page takes from its contract", () => {
  it("are the agent's own paths and names", () => {
    const own: Partial<Answers> = [];
    assert.deepEqual(own, []);
    assert.deepEqual(
      { PATHS, CSRF_FIELD, CONSUL_PATH },
      {
        ...{ PATHS: contract.PATHS, CSRF_FIELD: contract.CSRF_FIELD },
        CONSUL_PATH: contract.CONSUL_PATH,
      },
    );
  });
});
