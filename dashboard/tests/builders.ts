/** Builders of messages for tests: only what matters is given. */

import type {
  AlarmData,
  AlertData,
  GateSnapshot,
  LaneInfo,
  Measurement,
  Message,
  Snapshot,
  TrueLane,
  VehicleData,
} from "../src/messages";

const ENVELOPE = { id: "00000000-0000-0000-0000-000000000000", timestamp: "2026-01-01T00:00:00.000Z", gate: "g" };
const NONE = { p50: null, p90: null, p95: null };

export const lane = (id = "EX1", changes: Partial<LaneInfo> = {}): LaneInfo => ({
  id,
  direction: "export",
  name: { en: `Lane ${id}` },
  zone_m: 120,
  cameras: ["mast"],
  ...changes,
});

export const measurement = (changes: Partial<Measurement> = {}): Measurement => ({
  lane_id: "EX1",
  t: 100,
  queue_vehicles: 2,
  queue_m: 38,
  standing_vehicles: 2,
  standing_m: 34,
  vehicles: 3,
  in_service: true,
  longest_wait_s: 90,
  expected_wait_s: 240,
  expected_wait_low_s: 180,
  expected_wait_high_s: 400,
  arrival_rate_vph: 20,
  discharge_rate_vph: 22,
  headway_s: 160,
  wait_s: NONE,
  service_s: NONE,
  dwell_s: NONE,
  level_of_service: "B",
  quality: "ok",
  quality_reasons: [],
  censored: false,
  frame_age_s: 0.2,
  audit: { visits: 0, both_ends_seen: 0, identity_breaks: 0, residue: 0 },
  ...changes,
});

export const trueLane = (changes: Partial<TrueLane> = {}): TrueLane => ({
  queue_vehicles: 3,
  queue_m: 52.2,
  standing_vehicles: 2,
  standing_m: 33.5,
  vehicles: 4,
  in_service: true,
  censored: false,
  ...changes,
});

export const vehicle = (changes: Partial<VehicleData> = {}): VehicleData => ({
  visit_id: "v",
  vehicle_class: "truck",
  front_m: 2,
  rear_m: 18,
  standing: true,
  in_service: false,
  seen: true,
  dwell_s: 60,
  censored: false,
  ...changes,
});

export const alert = (changes: Partial<AlertData> = {}): AlertData => ({
  alert_id: "a",
  rule: "queue-long",
  scope: "lane",
  subject: "EX1",
  severity: "warning",
  state: "firing",
  t: 100,
  value: 6,
  measure: "queue_vehicles",
  unit: "vehicles",
  threshold: 5,
  since: 90,
  sequence: 1,
  quality: "ok",
  stale: false,
  config_hash: "",
  action: {},
  ...changes,
});

export const alarm = (changes: Partial<AlarmData> = {}): AlarmData => ({
  alert_id: "a",
  state: "acknowledged",
  t: 105,
  by: "operator",
  reason: "",
  until: null,
  ...changes,
});

export const measured = (changes: Partial<Measurement> = {}): Message => ({
  ...ENVELOPE,
  type: "lane.measured",
  data: measurement(changes),
});
export const alertChanged = (changes: Partial<AlertData> = {}): Message => ({
  ...ENVELOPE,
  type: "alert.changed",
  data: alert(changes),
});
export const alarmChanged = (changes: Partial<AlarmData> = {}): Message => ({
  ...ENVELOPE,
  type: "alarm.changed",
  data: alarm(changes),
});

export const snapshot = (changes: Partial<Snapshot> = {}): GateSnapshot => ({
  ...ENVELOPE,
  type: "gate.snapshot",
  data: {
    epoch: "e1",
    position: "10-0",
    resumed: true,
    server_t: 100,
    config_hash: "",
    info: {
      id: "g",
      name: { en: "Gate" },
      timezone: "UTC",
      lanes: [lane()],
      cameras: ["mast"],
      level_of_service_s: [120, 300, 600, 1200, 2400],
    },
    lanes: {},
    vehicles: {},
    statuses: {},
    cameras: {},
    alerts: [],
    alarms: {},
    simulation: null,
    ...changes,
  },
});
