// Generated from dashboard/schema/page.json by `npm run types`: do not edit.

export type PageInput = Message | PictureEvent;
export type Message =
  | LaneMeasured
  | LaneVehicles
  | VisitStarted
  | VisitEnded
  | LaneChanged
  | CameraMessage
  | CameraMeasured
  | AlertChanged
  | AlarmChanged
  | ServiceHeartbeat
  | GateSnapshot
  | GateTruth;

/**
 * 1 Hz for each lane.
 */
export interface LaneMeasured {
  id: string;
  timestamp: string;
  gate: string;
  type: "lane.measured";
  data: Measurement;
}
/**
 * What one lane measures at one whole second. None is not measured; 0 is a measured zero.
 */
export interface Measurement {
  lane_id: string;
  t: number;
  /**
   * Vehicles that have joined and not departed, the one in service included.
   */
  queue_vehicles: number | null;
  /**
   * Lower end of the 90 % interval of queue_vehicles.
   */
  queue_low: number | null;
  /**
   * Upper end of the 90 % interval of queue_vehicles.
   */
  queue_high: number | null;
  /**
   * Stop line to the rear of the last vehicle of the queue, clipped to the zone.
   */
  queue_m: number | null;
  /**
   * Vehicles in runs of standing vehicles now (SUMO's E2 jam).
   */
  standing_vehicles: number | null;
  standing_m: number | null;
  /**
   * Vehicles whose front is in the lane zone.
   */
  vehicles: number | null;
  in_service: boolean | null;
  /**
   * Of the vehicles waiting now.
   */
  longest_wait_s: number | null;
  /**
   * For a vehicle joining now.
   */
  expected_wait_s: number | null;
  /**
   * Lower end of the 80 % interval.
   */
  expected_wait_low_s: number | null;
  expected_wait_high_s: number | null;
  arrival_rate_vph: number | null;
  discharge_rate_vph: number | null;
  /**
   * Mean time between departures over the window.
   */
  headway_s: number | null;
  wait_s: Percentiles;
  service_s: Percentiles;
  dwell_s: Percentiles;
  level_of_service: ("A" | "B" | "C" | "D" | "E" | "F") | null;
  quality: "ok" | "degraded" | "unknown";
  quality_reasons: (
    | "low_rate"
    | "held_unseen"
    | "queue_uncertain"
    | "not_calibrated"
    | "no_frames"
    | "stalled"
    | "frozen"
    | "dark"
    | "overexposed"
    | "blurred"
    | "moved"
    | "offline"
    | "starting"
  )[];
  /**
   * The queue's tail is at or beyond the edge of the view: figures are lower bounds.
   */
  censored: boolean;
  /**
   * t minus the capture time of the last analysed frame.
   */
  frame_age_s: number | null;
  audit: Audit;
}
/**
 * Percentiles of a duration over the window, in seconds, open visits counted as censored.
 */
export interface Percentiles {
  p50: number | null;
  p90: number | null;
  p95: number | null;
}
/**
 * The lane's self-audit since the worker's state began (restarts included).
 */
export interface Audit {
  /**
   * Visits that ended.
   */
  visits: number;
  /**
   * Of those, with neither end censored and the arrival not inferred.
   */
  both_ends_seen: number;
  /**
   * Visits ended as lost.
   */
  identity_breaks: number;
  /**
   * Present at start + arrivals + changes in - departures - changes out - lost - vehicles; 0.
   */
  residue: number;
}
/**
 * 1 Hz for each lane.
 */
export interface LaneVehicles {
  id: string;
  timestamp: string;
  gate: string;
  type: "lane.vehicles";
  data: Vehicles;
}
/**
 * The line of one lane, in order from the stop line; None when unknown.
 */
export interface Vehicles {
  lane_id: string;
  t: number;
  vehicles: VehicleData[] | null;
}
/**
 * One vehicle of a lane at one whole second.
 */
export interface VehicleData {
  visit_id: string;
  vehicle_class: "truck" | "bus" | "car";
  front_m: number | null;
  rear_m: number | null;
  standing: boolean;
  in_service: boolean;
  /**
   * Seen in a recent frame; false: held because something nearer hides it.
   */
  seen: boolean;
  /**
   * Since arrival, else since it was first seen.
   */
  dwell_s: number | null;
  /**
   * It was there before it was first seen: dwell_s is a lower bound.
   */
  censored: boolean;
}
/**
 * A vehicle was accepted as being in a lane.
 */
export interface VisitStarted {
  id: string;
  timestamp: string;
  gate: string;
  type: "visit.started";
  data: VisitData;
}
/**
 * One vehicle's stay in one lane; times are POSIX seconds, None where not (yet) reached or not seen.
 */
export interface VisitData {
  visit_id: string;
  lane_id: string;
  vehicle_class: "truck" | "bus" | "car";
  first_seen_t: number;
  arrived_t: number | null;
  joined_t: number | null;
  service_t: number | null;
  left_t: number | null;
  outcome: "open" | "departed" | "changed_lane" | "lost";
  start_censored: boolean;
  end_censored: boolean;
  previous_visit_id: string | null;
  /**
   * Nobody saw it arrive: arrived_t is worked out, a dwell time from it is an estimate.
   */
  arrived_inferred: boolean;
}
/**
 * A visit is over; its outcome says how.
 */
export interface VisitEnded {
  id: string;
  timestamp: string;
  gate: string;
  type: "visit.ended";
  data: VisitData;
}
/**
 * A lane was opened or closed by an operator or a schedule.
 */
export interface LaneChanged {
  id: string;
  timestamp: string;
  gate: string;
  type: "lane.changed";
  data: LaneData;
}
/**
 * A lane's status, set by an operator or a schedule.
 */
export interface LaneData {
  lane_id: string;
  t: number;
  status: "open" | "closed";
  by: string;
  reason: string;
}
/**
 * A camera's state changed.
 */
export interface CameraMessage {
  id: string;
  timestamp: string;
  gate: string;
  type: "camera.changed";
  data: CameraData;
}
/**
 * A camera's state.
 */
export interface CameraData {
  camera_id: string;
  t: number;
  state: "online" | "stalled" | "frozen" | "dark" | "overexposed" | "blurred" | "moved" | "offline";
  /**
   * Why, for people; never holds a credential.
   */
  reason: string;
  session: number;
  width: number;
  height: number;
  /**
   * Analysed frames per second.
   */
  rate_fps: number | null;
  /**
   * Load-shedding step; 0 sheds nothing.
   */
  load_step: number;
}
/**
 * 1 Hz for each camera; neither history nor the gate's snapshot keeps it.
 */
export interface CameraMeasured {
  id: string;
  timestamp: string;
  gate: string;
  type: "camera.measured";
  data: CameraMeasurement;
}
/**
 * How a camera is doing at one whole second: for judging set-up and health, not for judging traffic.
 */
export interface CameraMeasurement {
  camera_id: string;
  t: number;
  /**
   * Analysed frames per second over the last 10 s.
   */
  rate_fps: number | null;
  /**
   * t minus the capture time of its last analysed frame.
   */
  frame_age_s: number | null;
  /**
   * Mean normalised innovation squared of the vehicles' edges over about a minute: 1 where the filter's variances are right, more where boxes and predictions disagree; null without vehicles or calibration.
   */
  innovation: number | null;
  /**
   * Of the strong boxes in its lanes over about a minute, the share that no vehicle explains, 0..1: a few per cent with a right calibration; null without boxes or calibration.
   */
  unexplained_share: number | null;
}
/**
 * An alert became pending, fired, changed or was resolved.
 */
export interface AlertChanged {
  id: string;
  timestamp: string;
  gate: string;
  type: "alert.changed";
  data: AlertData;
}
/**
 * One alert's life as the rules see it.
 */
export interface AlertData {
  alert_id: string;
  rule: string;
  scope: "lane" | "direction" | "gate" | "camera";
  /**
   * The lane, direction, gate or camera that it is about.
   */
  subject: string;
  severity: "info" | "warning" | "critical";
  state: "pending" | "firing" | "resolved";
  t: number;
  value: number | null;
  measure: string;
  unit: "vehicles" | "m" | "s";
  threshold: number;
  /**
   * When the value first reached the threshold.
   */
  since: number;
  /**
   * Counts the changes of this alert from 0.
   */
  sequence: number;
  quality: "ok" | "degraded" | "unknown";
  /**
   * Firing on a value that is no longer measured.
   */
  stale: boolean;
  config_hash: string;
  /**
   * What to do, by language.
   */
  action: {
    [k: string]: string;
  };
}
/**
 * Somebody acknowledged, shelved or otherwise handled an alert.
 */
export interface AlarmChanged {
  id: string;
  timestamp: string;
  gate: string;
  type: "alarm.changed";
  data: AlarmData;
}
/**
 * What people did with an alert.
 */
export interface AlarmData {
  alert_id: string;
  state: "normal" | "unacknowledged" | "acknowledged" | "returned" | "shelved" | "suppressed" | "out_of_service";
  t: number;
  by: string;
  reason: string;
  until: number | null;
}
/**
 * Every 10 s.
 */
export interface ServiceHeartbeat {
  id: string;
  timestamp: string;
  gate: string;
  type: "service.heartbeat";
  data: Heartbeat;
}
/**
 * A sign of life of the service.
 */
export interface Heartbeat {
  t: number;
  version: string;
  config_hash: string;
  /**
   * Stream position up to which history is recorded.
   */
  position: string | null;
}
/**
 * The first message of a WebSocket.
 */
export interface GateSnapshot {
  id: string;
  timestamp: string;
  gate: string;
  type: "gate.snapshot";
  data: Snapshot;
}
/**
 * Everything current, and where in the stream it stands.
 */
export interface Snapshot {
  /**
   * Identity of the stream; another epoch means that positions cannot be compared.
   */
  epoch: string;
  /**
   * Stream position: messages after it follow.
   */
  position: string;
  /**
   * False when the wanted position is not in the stream: messages may be missing.
   */
  resumed: boolean;
  /**
   * The server's clock when this was made.
   */
  server_t: number;
  config_hash: string;
  info: GateInfo;
  lanes: {
    [k: string]: Measurement;
  };
  vehicles: {
    [k: string]: Vehicles;
  };
  statuses: {
    [k: string]: LaneData;
  };
  cameras: {
    [k: string]: CameraData;
  };
  /**
   * Pending and firing, and those resolved in the last hour.
   */
  alerts: AlertData[];
  alarms: {
    [k: string]: AlarmData;
  };
  /**
   * A simulated gate's truth; null at a real one.
   */
  simulation: Simulation | null;
}
/**
 * The gate as the page needs it.
 */
export interface GateInfo {
  id: string;
  name: {
    [k: string]: string;
  };
  timezone: string;
  lanes: LaneInfo[];
  cameras: string[];
  level_of_service_s: number[];
}
/**
 * A lane as the page needs it: what it is, not what it measures.
 */
export interface LaneInfo {
  id: string;
  direction: "export" | "import";
  name: {
    [k: string]: string;
  };
  zone_m: number;
  cameras: string[];
}
/**
 * The truth of a simulated gate at one second; known a little more than a second later.
 */
export interface Simulation {
  /**
   * On the clock of the simulated cameras' pictures, POSIX seconds UTC.
   */
  t: number;
  /**
   * By lane.
   */
  lanes: {
    [k: string]: TrueLane;
  };
}
/**
 * What truly is in one lane of a simulated gate, in the words of a `Measurement`.
 */
export interface TrueLane {
  /**
   * Vehicles that have joined and not departed, the one in service included.
   */
  queue_vehicles: number;
  /**
   * Stop line to the rear of the last vehicle of the queue, clipped to the zone.
   */
  queue_m: number;
  /**
   * Vehicles in runs of standing vehicles now (SUMO's E2 jam).
   */
  standing_vehicles: number;
  standing_m: number;
  /**
   * Vehicles whose front is in the lane zone.
   */
  vehicles: number;
  in_service: boolean;
  /**
   * The queue's tail is at the zone's end or beyond.
   */
  censored: boolean;
}
/**
 * 1 Hz at a simulated gate, never at a real one; on the WebSocket only, in no stream, history, alert or webhook.
 */
export interface GateTruth {
  id: string;
  timestamp: string;
  gate: string;
  type: "gate.truth";
  data: Simulation;
}
/**
 * The picture of an analysed frame with what was seen in it (channel pictures:{camera}); never stored.
 */
export interface PictureEvent {
  frame: FrameEvent;
  width: number;
  height: number;
  jpeg_base64: string;
  /**
   * Lane id to its polygon in this picture, 0..1.
   */
  polygons: {
    [k: string]: [number, number][];
  };
}
/**
 * What an analysed frame showed, for whoever watches (channel frames:{camera}); never stored.
 */
export interface FrameEvent {
  camera_id: string;
  session: number;
  t: number;
  boxes: Box[];
  tails: Tail[];
}
/**
 * One tracked box of an analysed frame; x1 y1 x2 y2 in 0..1 of the picture.
 */
export interface Box {
  /**
   * @minItems 4
   * @maxItems 4
   */
  xyxy: [number, number, number, number];
  track_id: number;
  visit_id: string | null;
  lane_id: string | null;
  vehicle_class: "truck" | "bus" | "car";
  standing: boolean;
}
/**
 * Where a lane's queue ends in the picture: a line across the lane, 0..1, and its label's figures.
 */
export interface Tail {
  lane_id: string;
  /**
   * @minItems 2
   * @maxItems 2
   */
  line: [[number, number], [number, number]];
  queue_vehicles: number;
  queue_m: number | null;
  censored: boolean;
}
