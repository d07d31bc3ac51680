/** Builders of messages for tests, the sample messages of vision/sample_messages.py varied: only what matters is given. */

import samples from "./sample_messages.json";
import type {
  AlarmData,
  AlertData,
  GateSnapshot,
  LaneInfo,
  LaneMeasured,
  AlertChanged,
  AlarmChanged,
  GateTruth,
  LaneVehicles,
  Measurement,
  Message,
  Snapshot,
  TrueLane,
  VehicleData,
} from "../src/messages";

interface Samples {
  "lane.measured": LaneMeasured;
  "lane.vehicles": LaneVehicles;
  "alert.changed": AlertChanged;
  "alarm.changed": AlarmChanged;
  "gate.snapshot": GateSnapshot;
  "gate.truth": GateTruth;
}

const SAMPLES = samples as unknown as Samples;
const SNAPSHOT = SAMPLES["gate.snapshot"];
const [LANE] = SNAPSHOT.data.info.lanes;
const [VEHICLE] = SAMPLES["lane.vehicles"].data.vehicles ?? [];
const [TRUE_LANE] = Object.values(SAMPLES["gate.truth"].data.lanes);

export const lane = (id = "EX1", changes: Partial<LaneInfo> = {}): LaneInfo => ({
  ...(LANE as LaneInfo),
  id,
  name: { en: `Lane ${id}` },
  ...changes,
});

export const measurement = (changes: Partial<Measurement> = {}): Measurement => ({
  ...SAMPLES["lane.measured"].data,
  lane_id: "EX1",
  t: 100,
  queue_vehicles: 2,
  ...changes,
});

export const trueLane = (changes: Partial<TrueLane> = {}): TrueLane => ({ ...(TRUE_LANE as TrueLane), ...changes });

export const vehicle = (changes: Partial<VehicleData> = {}): VehicleData => ({ ...(VEHICLE as VehicleData), ...changes });

export const alert = (changes: Partial<AlertData> = {}): AlertData => ({
  ...SAMPLES["alert.changed"].data,
  alert_id: "a",
  subject: "EX1",
  t: 100,
  since: 90,
  ...changes,
});

export const alarm = (changes: Partial<AlarmData> = {}): AlarmData => ({
  ...SAMPLES["alarm.changed"].data,
  alert_id: "a",
  t: 105,
  ...changes,
});

export const measured = (changes: Partial<Measurement> = {}): Message => ({
  ...SAMPLES["lane.measured"],
  data: measurement(changes),
});
export const alertChanged = (changes: Partial<AlertData> = {}): Message => ({
  ...SAMPLES["alert.changed"],
  data: alert(changes),
});
export const alarmChanged = (changes: Partial<AlarmData> = {}): Message => ({
  ...SAMPLES["alarm.changed"],
  data: alarm(changes),
});

/** The gate of one lane, nothing known of it yet. */
export const snapshot = (changes: Partial<Snapshot> = {}): GateSnapshot => ({
  ...SNAPSHOT,
  data: {
    ...SNAPSHOT.data,
    epoch: "e1",
    position: "10-0",
    resumed: true,
    server_t: 100,
    info: { ...SNAPSHOT.data.info, lanes: [lane()] },
    lanes: {},
    vehicles: {},
    statuses: {},
    cameras: {},
    alerts: [],
    alarms: {},
    ...changes,
  },
});
