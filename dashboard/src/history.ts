/** The last hour of one lane's queue: loaded from the server, then carried on with what is measured live. */

import { useEffect, useState } from "preact/hooks";
import { laneHistory, laneTruth, type HistoryPoint } from "./rest";

export const HISTORY_S = 3600;
const HISTORY_STEP_S = 30;
const RELOAD_MS = 60_000;

export interface History {
  phase: "loading" | "ready" | "failed";
  points: readonly HistoryPoint[];
}

/** What is known of the present: one more point behind those of the past. */
export interface CurrentQueue {
  t: number;
  queue_vehicles: number | null;
}

const NOTHING: History = { phase: "loading", points: [] };

/** What was measured; loaded anew each minute and when `version` changes. */
export function useHistory(laneId: string, version: number, nowS: () => number): History {
  const load = (): Promise<HistoryPoint[]> => {
    const to = nowS();
    return laneHistory(laneId, to - HISTORY_S, to, HISTORY_STEP_S);
  };
  return useLoaded(true, load, [laneId, version]);
}

/** What truly was there; nothing is asked or known at a gate that is not simulated. */
export function useTruth(laneId: string, version: number, simulated: boolean): History {
  return useLoaded(simulated, () => laneTruth(laneId), [laneId, version, simulated]);
}

function useLoaded(wanted: boolean, load: () => Promise<HistoryPoint[]>, when: readonly unknown[]): History {
  const [history, setHistory] = useState<History>(NOTHING);
  useEffect(() => {
    if (!wanted) {
      setHistory(NOTHING);
      return undefined;
    }
    let gone = false;
    const renew = async (): Promise<void> => {
      const loaded = await load().catch(() => null);
      if (!gone) setHistory((held) => (loaded ? { phase: "ready", points: loaded } : { ...held, phase: "failed" }));
    };
    void renew();
    const timer = window.setInterval(() => void renew(), RELOAD_MS);
    return () => {
      gone = true;
      window.clearInterval(timer);
    };
  }, [...when]);
  return history;
}

type Columns = [times: number[], values: (number | null)[]];

/** Points in the columns that the chart wants; time that no point covers becomes a gap. Pure. */
export function chartColumns(points: readonly HistoryPoint[], current: CurrentQueue | null): Columns {
  const times: number[] = [];
  const values: (number | null)[] = [];
  const add = (t: number, value: number | null, gapS: number): void => {
    const last = times.at(-1);
    if (last !== undefined && t <= last) return;
    if (last !== undefined && t - last > gapS) {
      times.push(last + HISTORY_STEP_S);
      values.push(null);
    }
    times.push(t);
    values.push(value);
  };
  for (const point of points) add(point.t, point.queueVehicles, 2.5 * HISTORY_STEP_S);
  if (current) add(current.t, current.queue_vehicles, RELOAD_MS / 1000 + 2 * HISTORY_STEP_S);
  return [times, values];
}
