/** How old data is, and what that makes of it: live, stale or lost. Pure. */

/** From this age on, data is shown as old: grey, with its age. */
export const STALE_S = 3;
/** From this age on, a figure says nothing about the present any more and is not shown. */
const LOST_S = 30;

/** A simulated gate's truth that is older says nothing about the present. */
export const TRUTH_S = 5;

export type Freshness = "live" | "stale" | "lost";

export function freshness(ageS: number | null): Freshness {
  if (ageS === null || ageS >= LOST_S) return "lost";
  return ageS >= STALE_S ? "stale" : "live";
}

/** Age of what happened at `t` (server time), never negative: clocks differ by a little. */
export function ageS(t: number, nowS: number): number {
  return Math.max(0, nowS - t);
}
