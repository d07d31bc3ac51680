/**
 * All that the page knows, and how each frame of the stream changes it. Pure.
 *
 * The present is kept by the rules of docs/messages.md, as api/stream/gate_view.py does; a test folds one recorded session
 * with both.
 */

import type {
  AlarmData,
  AlertData,
  CameraData,
  GateInfo,
  Heartbeat,
  LaneData,
  Measurement,
  Message,
  Simulation,
  Snapshot,
  Vehicles,
} from "./messages";

export type Phase = "connecting" | "live" | "waiting" | "signed_out";

/** Where the page stands in the server's stream: what it asks for when it connects again. */
export interface StreamPlace {
  epoch: string;
  position: string;
}

export interface PageState {
  phase: Phase;
  /** When the next attempt to connect is due, on this machine's clock; null unless waiting. */
  retryAtMs: number | null;
  /** When the connection was lost, on this machine's clock; null while it stands. */
  lostAtMs: number | null;
  place: StreamPlace | null;
  /** The server's clock minus this machine's clock. */
  clockOffsetS: number;
  /** Counts the snapshots that could not resume: whoever shows history loads it again. */
  historyVersion: number;
  info: GateInfo | null;
  lanes: Readonly<Record<string, Measurement>>;
  vehicles: Readonly<Record<string, Vehicles>>;
  statuses: Readonly<Record<string, LaneData>>;
  cameras: Readonly<Record<string, CameraData>>;
  alerts: Readonly<Record<string, AlertData>>;
  alarms: Readonly<Record<string, AlarmData>>;
  /** The newest time of a measurement or of an alert's change: what was over long before it is forgotten. */
  newestT: number;
  heartbeat: Heartbeat | null;
  /** The last truth of a simulated gate, however old; null at a real one. */
  simulation: Simulation | null;
}

export type Action =
  | { kind: "connecting" }
  | { kind: "received"; message: Message; position: string; atMs: number }
  | { kind: "lost"; atMs: number; retryAtMs: number }
  | { kind: "signed_out" };

const RESOLVED_KEPT_S = 3600;

export const EMPTY: PageState = {
  phase: "connecting",
  retryAtMs: null,
  lostAtMs: null,
  place: null,
  clockOffsetS: 0,
  historyVersion: 0,
  info: null,
  lanes: {},
  vehicles: {},
  statuses: {},
  cameras: {},
  alerts: {},
  alarms: {},
  newestT: -Infinity,
  heartbeat: null,
  simulation: null,
};

export function reduce(state: PageState, action: Action): PageState {
  switch (action.kind) {
    case "connecting":
      return { ...state, phase: "connecting", retryAtMs: null };
    case "lost":
      return { ...state, phase: "waiting", lostAtMs: state.lostAtMs ?? action.atMs, retryAtMs: action.retryAtMs };
    case "signed_out":
      return { ...state, phase: "signed_out", retryAtMs: null };
    case "received":
      return advance(receive(state, action.message, action.atMs), action.position);
  }
}

function advance(state: PageState, position: string): PageState {
  return state.place === null ? state : { ...state, place: { ...state.place, position } };
}

function receive(state: PageState, message: Message, atMs: number): PageState {
  switch (message.type) {
    case "gate.snapshot":
      return fromSnapshot(state, message.data, atMs);
    case "lane.measured":
      return hasLane(state, message.data.lane_id) ? withMeasurement(state, message.data) : state;
    case "lane.vehicles":
      if (!hasLane(state, message.data.lane_id)) return state;
      return { ...state, vehicles: newer(state.vehicles, message.data.lane_id, message.data) };
    case "lane.changed":
      if (!hasLane(state, message.data.lane_id)) return state;
      return { ...state, statuses: newer(state.statuses, message.data.lane_id, message.data) };
    case "camera.changed":
      if (!hasCamera(state, message.data.camera_id)) return state;
      return { ...state, cameras: newer(state.cameras, message.data.camera_id, message.data) };
    case "alert.changed":
      return withAlert(state, message.data);
    case "alarm.changed":
      if (!(message.data.alert_id in state.alerts)) return state;
      return { ...state, alarms: newer(state.alarms, message.data.alert_id, message.data) };
    case "service.heartbeat":
      return { ...state, heartbeat: message.data };
    case "gate.truth":
      return { ...state, simulation: message.data };
    case "visit.started":
    case "visit.ended":
    case "camera.measured":
      return state;
    default:
      message satisfies never; // every type of today is above; one of a newer worker changes nothing
      return state;
  }
}

function fromSnapshot(state: PageState, data: Snapshot, atMs: number): PageState {
  const first = state.place === null;
  return {
    ...state,
    phase: "live",
    retryAtMs: null,
    lostAtMs: null,
    place: { epoch: data.epoch, position: data.position },
    clockOffsetS: data.server_t - atMs / 1000,
    historyVersion: state.historyVersion + (first || data.resumed ? 0 : 1),
    info: data.info,
    lanes: data.lanes,
    vehicles: data.vehicles,
    statuses: data.statuses,
    cameras: data.cameras,
    alerts: Object.fromEntries(data.alerts.map((alert) => [alert.alert_id, alert])),
    alarms: data.alarms,
    newestT: Math.max(-Infinity, ...Object.values(data.lanes).map((one) => one.t), ...data.alerts.map((one) => one.t)),
    simulation: data.simulation ?? (state.info?.id === data.info.id ? state.simulation : null),
  };
}

/** The record with a value that is at least as new as the one it holds; a late one changes nothing. */
function newer<T extends { t: number }>(
  record: Readonly<Record<string, T>>,
  key: string,
  value: T,
): Readonly<Record<string, T>> {
  const held = record[key];
  return held !== undefined && held.t > value.t ? record : { ...record, [key]: value };
}

const hasLane = (state: PageState, id: string): boolean => state.info?.lanes.some((lane) => lane.id === id) ?? false;
const hasCamera = (state: PageState, id: string): boolean => state.info?.cameras.includes(id) ?? false;

function withMeasurement(state: PageState, data: Measurement): PageState {
  return forgetting({ ...state, lanes: newer(state.lanes, data.lane_id, data) }, data.t);
}

/** The alert in place of its earlier self, unless this change of it or a later one is held, or it was over long ago. */
function withAlert(state: PageState, alert: AlertData): PageState {
  const held = state.alerts[alert.alert_id];
  const late = held === undefined ? alert.t <= state.newestT - RESOLVED_KEPT_S : held.sequence >= alert.sequence;
  return late ? state : forgetting({ ...state, alerts: { ...state.alerts, [alert.alert_id]: alert } }, alert.t);
}

/** Without the alerts that were resolved an hour before the newest time that is known, and what people did with them. */
function forgetting(state: PageState, t: number): PageState {
  const newestT = Math.max(state.newestT, t);
  const isKept = (one: AlertData): boolean => one.state !== "resolved" || one.t > newestT - RESOLVED_KEPT_S;
  if (Object.values(state.alerts).every(isKept)) return { ...state, newestT };
  const alerts = Object.fromEntries(Object.entries(state.alerts).filter(([, one]) => isKept(one)));
  const alarms = Object.fromEntries(Object.entries(state.alarms).filter(([alertId]) => alertId in alerts));
  return { ...state, newestT, alerts, alarms };
}
