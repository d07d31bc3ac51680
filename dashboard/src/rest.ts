/** Requests to the server's REST interface. */

import type { LaneData } from "./messages";

/** Whether the server lets this browser in; an unreachable server does not say no. To ask is to stay signed in. */
export async function isSignedIn(): Promise<boolean> {
  try {
    const answer = await fetch("/api/v1/session", { cache: "no-store" });
    return answer.status !== 401 && answer.status !== 403;
  } catch {
    return true;
  }
}

export interface HistoryPoint {
  t: number;
  /** The largest in the step; null where the queue was not known. */
  queueVehicles: number | null;
}

interface HistoryAnswer {
  points: { t: number; queue_vehicles_max: number | null }[];
}

/** The queue of a lane between two times, one point each `stepS`. Throws when the server does not answer with it. */
export async function laneHistory(laneId: string, fromT: number, toT: number, stepS: number): Promise<HistoryPoint[]> {
  const query = new URLSearchParams({ from: String(Math.floor(fromT)), to: String(Math.ceil(toT)), step: String(stepS) });
  const answer = await fetch(`/api/v1/lanes/${encodeURIComponent(laneId)}/history?${query.toString()}`);
  if (!answer.ok) throw new Error(`history: ${answer.status}`);
  const body = (await answer.json()) as HistoryAnswer;
  return body.points.map((point) => ({ t: point.t, queueVehicles: point.queue_vehicles_max }));
}

interface TruthAnswer {
  points: { t: number; queue_vehicles_max: number }[];
}

/** The true queue of a simulated gate's lane during the last hour. Throws when the server does not answer with it. */
export async function laneTruth(laneId: string): Promise<HistoryPoint[]> {
  const answer = await fetch(`/api/v1/lanes/${encodeURIComponent(laneId)}/truth`);
  if (!answer.ok) throw new Error(`truth: ${answer.status}`);
  const body = (await answer.json()) as TruthAnswer;
  return body.points.map((point) => ({ t: point.t, queueVehicles: point.queue_vehicles_max }));
}

/** Acknowledges an alert. Throws with the server's reason, for people. */
export const acknowledge = (alertId: string): Promise<void> =>
  post(`/api/v1/alerts/${encodeURIComponent(alertId)}/acknowledge`, {});

/** Puts an alert aside for a while. Throws with the server's reason, for people. */
export const shelve = (alertId: string, forS: number, by: string, reason: string): Promise<void> =>
  post(`/api/v1/alerts/${encodeURIComponent(alertId)}/shelve`, { for_s: forS, by, reason });

/** Ends an alert's shelving. Throws with the server's reason, for people. */
export const unshelve = (alertId: string): Promise<void> => post(`/api/v1/alerts/${encodeURIComponent(alertId)}/unshelve`, {});

/** Opens or closes a lane. Throws with the server's reason, for people. */
export const setLaneStatus = (laneId: string, status: LaneData["status"], by: string, reason: string): Promise<void> =>
  post(`/api/v1/lanes/${encodeURIComponent(laneId)}/status`, { status, by, reason });

async function post(path: string, body: object): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await reasonOf(answer));
}

async function reasonOf(answer: Response): Promise<string> {
  const fallback = `${answer.status} ${answer.statusText}`.trim();
  const body = (await answer.json().catch(() => null)) as { detail?: unknown } | null;
  return typeof body?.detail === "string" ? body.detail : fallback;
}
