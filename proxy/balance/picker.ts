// What a balancing policy answers. A picker is built per snapshot and never edited; what must outlive it (a position,
// later health) is owned outside and handed in.

export interface Picker<T> {
  /** The candidates for one request, the preferred one first, each once; empty when there are none. */
  pick(): readonly T[];
}
