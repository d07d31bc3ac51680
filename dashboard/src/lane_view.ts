/** A lane as it is to be shown now: what may be said, and what must not. Pure. */

import { ageS, freshness, TRUTH_S, type Freshness } from "./freshness";
import type { AlertData, LaneData, LaneInfo, Measurement, Simulation, TrueLane, VehicleData, Vehicles } from "./messages";

export type Reason = Measurement["quality_reasons"][number] | "no_data";

export interface LaneView {
  lane: LaneInfo;
  /** live: measured now; stale: measured seconds ago; unknown: nothing may be said. */
  look: "live" | "stale" | "unknown";
  /** The figures; null when unknown. */
  measured: Measurement | null;
  vehicles: readonly VehicleData[];
  reasons: readonly Reason[];
  calibrated: boolean;
  censored: boolean;
  /** Between which numbers the queue lies; null where the figure says it all: it is sure, unknown or a lower bound. */
  queueRange: QueueRange | null;
  /** Age of the last picture that the figures rest on; null if there never was one. */
  ageS: number | null;
  closed: LaneData | null;
  /** The firing alert of this lane that matters most. */
  alert: AlertData | null;
  /** What truly is there: known at a simulated gate only, null where it is not known now. */
  truth: TrueNow | null;
}

export interface QueueRange {
  low: number;
  high: number;
}

export type TrueNow = TrueLane & { t: number };

export interface LaneInputs {
  measurement: Measurement | undefined;
  vehicles: Vehicles | undefined;
  status: LaneData | undefined;
  alert: AlertData | null;
  simulation: Simulation | null;
  nowS: number;
}

export function laneView(lane: LaneInfo, inputs: LaneInputs): LaneView {
  const { measurement, status, nowS } = inputs;
  const dataAgeS = measurement ? ageS(measurement.t, nowS) : null;
  const fresh = freshness(dataAgeS);
  const look = lookOf(measurement, fresh);
  const measured = look === "unknown" ? null : (measurement ?? null);
  return {
    lane,
    look,
    measured,
    vehicles: measured === null ? [] : (inputs.vehicles?.vehicles ?? []),
    reasons: reasonsOf(measurement, fresh),
    calibrated: !(measurement?.quality_reasons.includes("not_calibrated") ?? false),
    censored: measured?.censored ?? false,
    queueRange: rangeOf(measured),
    ageS: measurement && dataAgeS !== null && measurement.frame_age_s !== null ? dataAgeS + measurement.frame_age_s : null,
    closed: status?.status === "closed" ? status : null,
    alert: inputs.alert,
    truth: truthOf(lane, inputs.simulation, nowS),
  };
}

function rangeOf(measured: Measurement | null): QueueRange | null {
  const low = measured?.queue_low ?? null;
  const high = measured?.queue_high ?? null;
  return low === null || high === null || low === high || measured?.censored ? null : { low, high };
}

function truthOf(lane: LaneInfo, simulation: Simulation | null, nowS: number): TrueNow | null {
  const found = isTruthFresh(simulation, nowS) ? simulation?.lanes[lane.id] : undefined;
  return found === undefined || simulation === null ? null : { ...found, t: simulation.t };
}

/** Whether a simulated gate's truth is that of the present. */
export function isTruthFresh(simulation: Simulation | null, nowS: number): boolean {
  return simulation !== null && ageS(simulation.t, nowS) <= TRUTH_S;
}

function lookOf(measurement: Measurement | undefined, fresh: Freshness): LaneView["look"] {
  if (measurement === undefined || measurement.quality === "unknown" || fresh === "lost") return "unknown";
  return fresh;
}

function reasonsOf(measurement: Measurement | undefined, fresh: Freshness): readonly Reason[] {
  if (measurement === undefined || fresh === "lost") return ["no_data"];
  const reasons: readonly Reason[] = measurement.quality_reasons;
  return measurement.quality === "unknown" && reasons.length === 0 ? ["no_data"] : reasons;
}

/** Totals of a direction; null where no lane of it is measured. `partial`: at least one lane is unknown or a lower bound. */
export interface GroupTotals {
  queueVehicles: number | null;
  longestWaitS: number | null;
  partial: boolean;
}

export function groupTotals(views: readonly LaneView[]): GroupTotals {
  const queues = views.map((view) => view.measured?.queue_vehicles ?? null);
  const waits = views.map((view) => view.measured?.longest_wait_s ?? null).filter((wait) => wait !== null);
  const known = queues.filter((queue) => queue !== null);
  return {
    queueVehicles: known.length > 0 ? known.reduce((sum, queue) => sum + queue, 0) : null,
    longestWaitS: waits.length > 0 ? Math.max(...waits) : null,
    partial: known.length < queues.length || views.some((view) => view.censored),
  };
}
