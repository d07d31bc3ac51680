/** How long to wait before the next attempt to connect. Pure. */

const FIRST_MS = 500;
const LONGEST_MS = 10_000;

/** Milliseconds before attempt `attempt` (0 is the first retry); `random` in 0..1 spreads clients over the upper half. */
export function retryDelayMs(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
