/** Numbers and times as people read them; words come from the language. Pure. */

import type { Texts } from "./i18n/texts";

export const NOT_MEASURED = "—";

/** A duration of waiting: seconds below a minute, minutes below an hour, then hours and minutes. */
export function duration(seconds: number, units: Texts["units"]): string {
  if (seconds < 0.5) return `0 ${units.min}`;
  if (seconds < 59.5) return `${Math.max(0, Math.round(seconds))} ${units.s}`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} ${units.min}`;
  return `${Math.floor(minutes / 60)} ${units.h} ${String(minutes % 60).padStart(2, "0")}`;
}

/** A duration where there is little room: `45″`, `12′`, `1h05`. */
export function shortDuration(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(0, Math.round(seconds))}″`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes}′` : `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, "0")}`;
}

/** An interval of waiting in whole minutes, for example `12–25 min`. */
export function interval(lowS: number, highS: number, units: Texts["units"]): string {
  const low = Math.floor(lowS / 60);
  const high = Math.ceil(highS / 60);
  return low === high ? `${low} ${units.min}` : `${low}–${high} ${units.min}`;
}

/** An age, in whole seconds begun: what is live reads a calm `1 s`. */
export function age(seconds: number, units: Texts["units"]): string {
  return duration(Math.max(1, Math.ceil(seconds)), units);
}

export const metres = (value: number): string => `${Math.round(value)} m`;

/** A value, or a lower bound of it where the view ends before the queue. */
export function bounded(text: string, censored: boolean): string {
  return censored ? `≥ ${text}` : text;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(locale: string, timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale}|${timeZone}|${JSON.stringify(options)}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat(locale, { timeZone, hour12: false, ...options });
  formats.set(key, known);
  return known;
}

const HOUR_MINUTE = { hour: "2-digit", minute: "2-digit" } as const;

export function clockTime(t: number, locale: string, timeZone: string, withSeconds = true): string {
  return format(locale, timeZone, withSeconds ? { ...HOUR_MINUTE, second: "2-digit" } : HOUR_MINUTE).format(t * 1000);
}

export function calendarDate(t: number, locale: string, timeZone: string): string {
  return format(locale, timeZone, { weekday: "short", day: "2-digit", month: "2-digit", year: "numeric" }).format(t * 1000);
}
