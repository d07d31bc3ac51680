/** Everything that the page says: one value of this type for each language. */

import type { Reason } from "../lane_view";
import type { AlertLook } from "../alert_view";
import type { CameraCause } from "../camera_reason";
import type { AlertData, CameraData, LaneInfo, VehicleData } from "../messages";

export interface Texts {
  code: "vi" | "en" | "zh";
  locale: string;
  units: { s: string; min: string; h: string };
  header: {
    product: string;
    time: (zone: string) => string;
    language: string;
    theme: { dark: string; light: string };
    source: string;
    sourceTitle: string;
  };
  connection: {
    connecting: string;
    live: (age: string) => string;
    stale: (age: string) => string;
    noData: string;
    lost: (age: string) => string;
    retry: (seconds: number) => string;
    retrying: string;
    banner: (age: string) => string;
    bannerNoData: string;
    /** Read out once: without the age, which changes. */
    bannerShort: string;
  };
  board: {
    title: string;
    loading: string;
    direction: Record<LaneInfo["direction"], string>;
    columns: {
      lane: string;
      queue: string;
      queueTitle: string;
      longest: string;
      expected: string;
      expectedTitle: string;
      level: string;
      line: string;
      trend: string;
    };
    levelTitle: (limits: readonly string[]) => string;
    totals: (trucks: string, wait: string | null) => string;
    totalsUnknown: string;
    vehicles: (count: string) => string;
    vehicleUnit: (count: number) => string;
    queueRangeTitle: (low: number, high: number) => string;
    vehicleClass: Record<VehicleData["vehicle_class"], string>;
    vehicleTitle: (parts: {
      order: number;
      kind: string;
      dwell: string | null;
      standing: boolean;
      service: boolean;
      seen: boolean;
    }) => string;
    stopLine: string;
    notToScale: string;
    notToScaleTitle: string;
    tailCensored: string;
    unknown: string;
    closed: string;
    age: (age: string) => string;
    neverSeen: string;
    quality: { degraded: string; stale: string; unknown: string };
    reasons: Record<Reason, string>;
    empty: string;
    /** In place of a wait when the queue is measured and nobody waits. */
    nobody: string;
    legend: { standing: string; moving: string; hidden: string; service: string; tail: string; censored: string; truth: string };
  };
  laneStatus: {
    open: (lane: string) => string;
    close: (lane: string) => string;
    openTitle: (lane: string) => string;
    closeTitle: (lane: string) => string;
    /** Who closed it, when, and why. */
    since: (by: string, time: string, reason: string) => string;
    hint: string;
  };
  ask: { by: string; reason: string; reasonNeeded: string; cancel: string; sending: string; failed: (reason: string) => string };
  /** Only at a simulated gate. */
  simulation: {
    mark: string;
    title: string;
    silent: (age: string) => string;
    queue: (figures: string) => string;
    queueTitle: string;
    tail: string;
  };
  trend: {
    title: (lane: string) => string;
    loading: string;
    failed: string;
    empty: string;
    peak: (value: string) => string;
    at: (time: string, value: string) => string;
  };
  alerts: {
    title: string;
    none: string;
    counts: (firing: number, unacknowledged: number) => string;
    severity: Record<AlertData["severity"], string>;
    look: Record<AlertLook, string>;
    scope: (scope: AlertData["scope"], subject: string) => string;
    measure: Record<string, string>;
    what: (measure: string, value: string, threshold: string) => string;
    valueUnknown: string;
    stale: string;
    since: (time: string, length: string) => string;
    ended: (time: string) => string;
    action: string;
    acknowledge: string;
    acknowledging: string;
    shelve: string;
    shelveTitle: (what: string) => string;
    shelveHint: string;
    shelveFor: string;
    unshelve: string;
    shelvedHeading: string;
    shelvedBy: (who: string, until: string, reason: string) => string;
    /** Who did it: the server says operator or program where nobody gave a name, a simulated gate says simulation. */
    who: Readonly<Record<string, string>>;
    by: (who: string, time: string) => string;
    announce: (severity: string, what: string) => string;
    trucks: (count: string) => string;
    endedHeading: string;
  };
  cameras: {
    title: string;
    watching: (camera: string) => string;
    state: Record<CameraData["state"] | "unknown", string>;
    /** Why a camera is not online; null: in the worker's own words. */
    cause: Record<CameraCause, (what: string) => string> | null;
    since: (time: string, length: string) => string;
    rate: (fps: string) => string;
    shedding: (step: number) => string;
    waitingForPicture: string;
    pictureAge: (age: string) => string;
    pictureOld: (age: string) => string;
    boxes: (count: number) => string;
    layers: string;
    pictureLost: string;
    tail: (lane: string, trucks: string, metres: string | null) => string;
    alt: (camera: string) => string;
  };
  signedOut: { title: string; text: string; how: string; again: string };
  fatal: { title: string; text: string; reload: string };
}
