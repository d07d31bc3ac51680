/** The last hour of one lane's queue: loaded from the server, then carried on with what is measured live. */

import { useEffect, useState } from "preact/hooks";
import type { Measurement } from "./messages";
import { laneHistory, type HistoryPoint } from "./rest";

export const HISTORY_S = 3600;
export const HISTORY_STEP_S = 30;
const RELOAD_MS = 60_000;

export interface History {
  phase: "loading" | "ready" | "failed";
  points: readonly HistoryPoint[];
}

/** The history with the current measurement as its last point; loaded anew each minute and when `version` changes. */
export function useHistory(laneId: string, version: number, nowS: () => number): History {
  const [history, setHistory] = useState<History>({ phase: "loading", points: [] });
  useEffect(() => {
    let gone = false;
    const load = async (): Promise<void> => {
      const to = nowS();
      const loaded = await laneHistory(laneId, to - HISTORY_S, to, HISTORY_STEP_S).catch(() => null);
      if (!gone) setHistory((held) => (loaded ? { phase: "ready", points: loaded } : { ...held, phase: "failed" }));
    };
    void load();
    const timer = window.setInterval(() => void load(), RELOAD_MS);
    return () => {
      gone = true;
      window.clearInterval(timer);
    };
  }, [laneId, version]);
  return history;
}

/** Points in the columns that the chart wants; time that no point covers becomes a gap. Pure. */
export function chartColumns(points: readonly HistoryPoint[], current: Measurement | null): [number[], (number | null)[]] {
  const times: number[] = [];
  const values: (number | null)[] = [];
  const add = (t: number, value: number | null): void => {
    const last = times.at(-1);
    if (last !== undefined && t <= last) return;
    if (last !== undefined && t - last > 2.5 * HISTORY_STEP_S) {
      times.push(last + HISTORY_STEP_S);
      values.push(null);
    }
    times.push(t);
    values.push(value);
  };
  for (const point of points) add(point.t, point.queueVehicles);
  if (current) add(current.t, current.queue_vehicles);
  return [times, values];
}
