// Wires and their owners for one test after the other, and the rules of WireOwner checked after each.
import assert from "node:assert/strict";
import { afterEach, beforeEach } from "mocha";
import type { Connection } from "../../../proxy/transport/connection.ts";
import { eventually } from "../../helpers/eventually.ts";
import {
  type Means,
  type Protection,
  Recorder,
  type Side,
  type TestedWire,
  WireRig,
} from "./wire-rig.ts";

export interface OpenWire {
  readonly wire: TestedWire;
  readonly peer: Connection;
  readonly recorder: Recorder;
}

/** Call it once within a `describe`; each call of the result opens a connection, which is closed after the test. */
export function useWires(
  means: Means,
  protection: Protection,
  side: Side,
): () => Promise<OpenWire> {
  let rig: WireRig;
  const recorders: Recorder[] = [];
  beforeEach(async () => {
    rig = await WireRig.create(protection);
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
    for (const { violations } of recorders.splice(0)) assert.deepEqual(violations, []);
  });
  return async () => {
    const { wire, peer } = await rig.open(means, side);
    const recorder = new Recorder(wire);
    recorders.push(recorder);
    return { wire, peer, recorder };
  };
}

export async function closed(recorder: Recorder): Promise<void> {
  await eventually(() => assert.equal(recorder.events.at(-1), "close"));
}
