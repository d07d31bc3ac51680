import { expect, test } from "vitest";
import { alertViews, isActive, worstFiring } from "../src/alert_view";
import { groupTotals, laneView, type LaneView } from "../src/lane_view";
import type { Measurement, Simulation } from "../src/messages";
import { alarm, alert, lane, measurement, trueLane, vehicle } from "./builders";

const view = (measured: Measurement | undefined, nowS = 100.5, simulation: Simulation | null = null): LaneView =>
  laneView(lane(), {
    measurement: measured,
    vehicles: { lane_id: "EX1", t: 100, vehicles: [vehicle()] },
    status: undefined,
    alert: null,
    simulation,
    nowS,
  });

test("a fresh measurement is live", () => {
  const live = view(measurement());
  expect(live).toMatchObject({ look: "live", calibrated: true, censored: false });
  expect(live.ageS).toBeCloseTo(0.7);
  expect(live.vehicles).toHaveLength(1);
});

test("a measurement of some seconds ago is stale, with its figures", () => {
  expect(view(measurement(), 104)).toMatchObject({ look: "stale", measured: { queue_vehicles: 2 } });
});

test("a measurement of long ago says nothing: no figures, no vehicles", () => {
  expect(view(measurement(), 131)).toMatchObject({ look: "unknown", measured: null, vehicles: [], reasons: ["no_data"] });
});

test("unknown has no figures, whatever the message holds, and says why", () => {
  const unknown = view(measurement({ quality: "unknown", quality_reasons: ["offline"], frame_age_s: null }));
  expect(unknown).toMatchObject({ look: "unknown", measured: null, vehicles: [], reasons: ["offline"], ageS: null });
});

test("a lane that never sent anything is unknown", () => {
  expect(view(undefined)).toMatchObject({ look: "unknown", reasons: ["no_data"], ageS: null });
});

test("a lane without calibration says so", () => {
  expect(view(measurement({ quality: "degraded", quality_reasons: ["not_calibrated"] })).calibrated).toBe(false);
});

test("a range is shown where the number of the queue is not sure, not where it is a lower bound", () => {
  expect(view(measurement({ queue_low: 2, queue_high: 2 })).queueRange).toBeNull();
  expect(view(measurement({ queue_low: 1, queue_high: 4 })).queueRange).toEqual({ low: 1, high: 4 });
  expect(view(measurement({ queue_low: null, queue_high: null })).queueRange).toBeNull();
  expect(view(measurement({ queue_low: 1, queue_high: 4, censored: true })).queueRange).toBeNull();
  expect(view(measurement({ queue_low: 1, queue_high: 4 }), 131).queueRange).toBeNull();
});

test("the truth of a simulated gate stands beside whatever is measured, for five seconds", () => {
  const simulation = { t: 100, lanes: { EX1: trueLane({ queue_vehicles: 4 }) } };
  expect(view(measurement()).truth).toBeNull();
  expect(view(measurement(), 100.5, simulation).truth).toMatchObject({ t: 100, queue_vehicles: 4 });
  expect(view(undefined, 105, simulation)).toMatchObject({ look: "unknown", truth: { queue_vehicles: 4 } });
  expect(view(measurement(), 105.1, simulation).truth).toBeNull();
  expect(view(measurement(), 100.5, { t: 100, lanes: {} }).truth).toBeNull();
});

test("the totals of a direction are a lower bound as soon as one lane is unknown", () => {
  const known = view(measurement({ longest_wait_s: 90 }));
  expect(groupTotals([known, known])).toEqual({ queueVehicles: 4, longestWaitS: 90, partial: false });
  expect(groupTotals([known, view(undefined)])).toEqual({ queueVehicles: 2, longestWaitS: 90, partial: true });
  expect(groupTotals([view(undefined)])).toEqual({ queueVehicles: null, longestWaitS: null, partial: true });
  expect(groupTotals([view(measurement({ censored: true }))]).partial).toBe(true);
});

test("alerts come by state, severity, and whether somebody has seen them", () => {
  const alerts = [
    alert({ alert_id: "ended", state: "resolved", severity: "critical" }),
    alert({ alert_id: "pending", state: "pending", severity: "critical" }),
    alert({ alert_id: "seen", severity: "warning" }),
    alert({ alert_id: "notice", severity: "info" }),
    alert({ alert_id: "new", severity: "warning" }),
    alert({ alert_id: "worst", severity: "critical" }),
  ];
  const views = alertViews(Object.fromEntries(alerts.map((one) => [one.alert_id, one])), { seen: alarm({ alert_id: "seen" }) });
  expect(views.map((one) => one.alert.alert_id)).toEqual(["worst", "new", "seen", "notice", "pending", "ended"]);
  expect(views.filter(isActive).map((one) => one.alert.alert_id)).toEqual(["worst", "new", "seen", "notice"]);
  expect(worstFiring(views, "lane", "EX1")?.alert_id).toBe("worst");
  expect(worstFiring(views, "lane", "EX2")).toBeNull();
});

test("a shelved alert marks nothing and stands below those that ask for attention, until it ends", () => {
  const alerts = { a: alert({ severity: "critical" }), b: alert({ alert_id: "b", severity: "info" }) };
  const put = { a: alarm({ alert_id: "a", state: "shelved", until: 900 }) };
  const views = alertViews(alerts, put);
  expect(views.map((one) => [one.alert.alert_id, one.look])).toEqual([
    ["b", "unacknowledged"],
    ["a", "shelved"],
  ]);
  expect(worstFiring(views, "lane", "EX1")?.alert_id).toBe("b");
  expect(views.filter(isActive).map((one) => one.alert.alert_id)).toEqual(["b"]);
  expect(alertViews({ a: alert({ state: "resolved" }) }, put)[0]?.look).toBe("ended");
});

test("an alert that ended before anybody acknowledged it still asks for it", () => {
  const ended = { a: alert({ state: "resolved" }) };
  expect(alertViews(ended, {})[0]?.look).toBe("ended_unacknowledged");
  expect(alertViews(ended, { a: alarm({ state: "returned" }) })[0]?.look).toBe("ended_unacknowledged");
  expect(alertViews(ended, { a: alarm({ state: "normal" }) })[0]?.look).toBe("ended");
});
