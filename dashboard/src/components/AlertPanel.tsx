/** What needs attention, the most important first, and what to do about it. */

import { isActive, type AlertView } from "../alert_view";
import { clockTime, duration, metres } from "../figures";
import { nameIn, useTexts, whoIs } from "../i18n";
import type { Texts } from "../i18n/texts";
import { useNow } from "../live";
import type { AlertData } from "../messages";
import { AlertActions } from "./AlertActions";
import { CheckIcon, SeverityIcon } from "./icons";

const ENDED_SHOWN = 8;

export function AlertPanel({ alerts, timeZone, live }: { alerts: readonly AlertView[]; timeZone: string; live: boolean }) {
  const texts = useTexts();
  const current = alerts.filter(({ look }) => look !== "ended" && look !== "shelved");
  const shelved = alerts.filter(({ look }) => look === "shelved");
  const ended = alerts.filter(({ look }) => look === "ended");
  const firing = alerts.filter(isActive);
  const unacknowledged = firing.filter(({ look }) => look === "unacknowledged");
  return (
    <section class="alerts panel" aria-labelledby="alerts-title">
      <h2 id="alerts-title">
        {texts.alerts.title}
        <span class="counts">{firing.length > 0 && texts.alerts.counts(firing.length, unacknowledged.length)}</span>
      </h2>
      <p class="sr-only" role="alert">
        {unacknowledged[0] &&
          texts.alerts.announce(
            texts.alerts.severity[unacknowledged[0].alert.severity],
            describe(unacknowledged[0].alert, texts),
          )}
      </p>
      {current.length === 0 && (
        <p class="none">
          <CheckIcon /> {texts.alerts.none}
        </p>
      )}
      <ul class="alert-list">
        {current.map((view) => (
          <AlertCard key={view.alert.alert_id} view={view} timeZone={timeZone} live={live} />
        ))}
      </ul>
      {shelved.length > 0 && <h3>{texts.alerts.shelvedHeading}</h3>}
      <ul class="alert-list shelved-list">
        {shelved.map((view) => (
          <AlertCard key={view.alert.alert_id} view={view} timeZone={timeZone} live={live} />
        ))}
      </ul>
      {ended.length > 0 && <h3>{texts.alerts.endedHeading}</h3>}
      <ul class="alert-list ended-list">
        {ended.slice(0, ENDED_SHOWN).map(({ alert }) => (
          <li key={alert.alert_id} class="ended">
            <SeverityIcon severity={alert.severity} filled={false} />
            <span>
              {texts.alerts.scope(alert.scope, alert.subject)}: {measureName(alert, texts)}
            </span>
            <time>{texts.alerts.ended(clockTime(alert.t, texts.locale, timeZone))}</time>
          </li>
        ))}
      </ul>
    </section>
  );
}

function AlertCard({ view, timeZone, live }: { view: AlertView; timeZone: string; live: boolean }) {
  const texts = useTexts();
  const now = useNow();
  const { alert, alarm, look } = view;
  const action = Object.keys(alert.action).length > 0 ? nameIn(alert.action, texts.code) : "";
  const time = (t: number): string => clockTime(t, texts.locale, timeZone);
  return (
    <li class={`alert ${look} severity-${alert.severity}`} data-alert={alert.alert_id}>
      <SeverityIcon severity={alert.severity} filled={alert.state === "firing"} />
      <div class="alert-body">
        <p class="alert-head">
          <strong class="severity">{texts.alerts.severity[alert.severity]}</strong>
          <span class="look">{texts.alerts.look[look]}</span>
        </p>
        <p class="what">{describe(alert, texts)}</p>
        <p class="since">
          {alert.state === "resolved"
            ? texts.alerts.ended(time(alert.t))
            : texts.alerts.since(time(alert.since), duration(Math.max(0, now - alert.since), texts.units))}
        </p>
        {alert.stale && alert.state !== "resolved" && <p class="stale-note">{texts.alerts.stale}</p>}
        {action && alert.state !== "resolved" && look !== "shelved" && (
          <p class="action">
            <b>{texts.alerts.action}:</b> {action}
          </p>
        )}
        {look === "acknowledged" && alarm && (
          <p class="by">{texts.alerts.by(whoIs(alarm.by, texts), time(alarm.t))}</p>
        )}
        {look === "shelved" && alarm && (
          <p class="by">
            {texts.alerts.shelvedBy(
              whoIs(alarm.by, texts),
              alarm.until === null ? "" : clockTime(alarm.until, texts.locale, timeZone, false),
              alarm.reason,
            )}
          </p>
        )}
        <AlertActions view={view} what={describe(alert, texts)} live={live} />
      </div>
    </li>
  );
}

function describe(alert: AlertData, texts: Texts): string {
  const value = alert.value === null ? texts.alerts.valueUnknown : quantity(alert.value, alert, texts);
  const what = texts.alerts.what(measureName(alert, texts), value, quantity(alert.threshold, alert, texts));
  return `${texts.alerts.scope(alert.scope, alert.subject)}: ${what}`;
}

const measureName = (alert: AlertData, texts: Texts): string => texts.alerts.measure[alert.measure] ?? alert.measure;

function quantity(value: number, alert: AlertData, texts: Texts): string {
  switch (alert.unit) {
    case "vehicles":
      return texts.alerts.trucks(String(Math.round(value)));
    case "m":
      return metres(value);
    case "s":
      return duration(value, texts.units);
  }
}
