/** The alerts in the order in which people should look at them. Pure. */

import type { AlarmData, AlertData } from "./messages";

export type AlertLook = "unacknowledged" | "acknowledged" | "pending" | "shelved" | "ended" | "ended_unacknowledged";

export interface AlertView {
  alert: AlertData;
  alarm: AlarmData | null;
  look: AlertLook;
}

const SEVERITIES = ["critical", "warning", "info"] as const;
const GROUPS: Readonly<Record<AlertLook, number>> = {
  unacknowledged: 0,
  acknowledged: 0,
  pending: 1,
  ended_unacknowledged: 2,
  shelved: 3,
  ended: 4,
};
const HANDLED = new Set<AlarmData["state"]>(["acknowledged", "shelved", "suppressed", "out_of_service", "normal"]);

export function alertViews(
  alerts: Readonly<Record<string, AlertData>>,
  alarms: Readonly<Record<string, AlarmData>>,
): AlertView[] {
  return Object.values(alerts)
    .map((alert) => alertView(alert, alarms[alert.alert_id] ?? null))
    .sort(compare);
}

/** Whether an alert asks for attention, or did: it fires and nobody has put it aside. */
export const isActive = ({ alert, look }: AlertView): boolean => alert.state === "firing" && look !== "shelved";

/** The firing alert about `subject` that matters most. */
export function worstFiring(views: readonly AlertView[], scope: AlertData["scope"], subject: string): AlertData | null {
  const found = views.find((view) => isActive(view) && view.alert.scope === scope && view.alert.subject === subject);
  return found?.alert ?? null;
}

function alertView(alert: AlertData, alarm: AlarmData | null): AlertView {
  const handled = alarm !== null && HANDLED.has(alarm.state);
  if (alert.state === "pending") return { alert, alarm, look: "pending" };
  if (alert.state === "firing" && alarm?.state === "shelved") return { alert, alarm, look: "shelved" };
  if (alert.state === "firing") return { alert, alarm, look: handled ? "acknowledged" : "unacknowledged" };
  return { alert, alarm, look: handled ? "ended" : "ended_unacknowledged" };
}

function compare(a: AlertView, b: AlertView): number {
  return (
    GROUPS[a.look] - GROUPS[b.look] ||
    SEVERITIES.indexOf(a.alert.severity) - SEVERITIES.indexOf(b.alert.severity) ||
    Number(a.look === "acknowledged") - Number(b.look === "acknowledged") ||
    b.alert.since - a.alert.since ||
    a.alert.alert_id.localeCompare(b.alert.alert_id)
  );
}
