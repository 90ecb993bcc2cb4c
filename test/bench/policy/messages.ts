// What the bench and the two programs it starts tell each other.
import type { Call } from "./calls.ts";

/** How a replica answers from now on. */
export interface Mood {
  readonly replica: number;
  /** 0 to 1 of its answers are 500. */
  readonly fails: number;
  /** Ms before each answer. */
  readonly delay: number;
}

export type ToApplications =
  | { readonly kind: "mood"; readonly mood: Mood }
  /** Asks for the arrivals since it was asked last. */
  | { readonly kind: "take" };

export type FromApplications =
  | { readonly kind: "listening" }
  | { readonly kind: "changed" }
  /** By replica, wall clock in ms. */
  | { readonly kind: "arrivals"; readonly arrivals: readonly (readonly number[])[] };

export interface LoadOrder {
  readonly port: number;
  /** Calls a second. */
  readonly rate: number;
  readonly seconds: number;
}

export type FromLoad =
  /** The first call is due; wall clock in ms. */
  | { readonly kind: "begun"; readonly at: number }
  | { readonly kind: "calls"; readonly calls: readonly Call[] };

export const REPLICA_FIELD = "x-replica";
