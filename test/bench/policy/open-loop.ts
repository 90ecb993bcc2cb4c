// Load by the program of programs/load.ts, and what happens meanwhile.
import type { Call } from "./calls.ts";
import { Child } from "./child.ts";
import type { FromLoad, LoadOrder } from "./messages.ts";

/** `meanwhile` is told when the first call is due, wall clock in ms, and may take as long as the load. */
export async function putCalls<T>(
  order: LoadOrder,
  meanwhile: (began: number) => Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly calls: readonly Call[]; readonly result: T }> {
  await using load = new Child<LoadOrder, FromLoad>("load");
  load.send(order);
  const { at } = await load.next("begun", signal);
  const [{ calls }, result] = await Promise.all([load.next("calls", signal), meanwhile(at)]);
  return { calls, result };
}
