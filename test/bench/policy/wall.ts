// One time for the processes of this bench: the wall clock with the fine grain of the monotonic one.

/** Ms since 1970. */
export function wallNow(): number {
  return performance.timeOrigin + performance.now();
}
