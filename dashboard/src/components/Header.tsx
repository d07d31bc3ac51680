/** The top of the page: which gate, what time it is there, and whether what follows is live. */

import { ageS, freshness } from "../freshness";
import { age, calendarDate, clockTime } from "../figures";
import { LANGUAGE_MARKS, LANGUAGE_NAMES, LANGUAGES, nameIn, useTexts, type Language } from "../i18n";
import { useNow } from "../live";
import type { PageState } from "../store";
import { LinkIcon, ThemeIcon } from "./icons";
import { SimulationMark } from "./Truth";

export type Theme = "dark" | "light";
const SOURCE_URL = "/source.tar.gz";

interface HeaderProps {
  state: PageState;
  theme: Theme;
  onLanguage: (language: Language) => void;
  onTheme: (theme: Theme) => void;
}

export function Header({ state, theme, onLanguage, onTheme }: HeaderProps) {
  const texts = useTexts();
  const other: Theme = theme === "dark" ? "light" : "dark";
  return (
    <header class="header">
      <div class="brand">
        <h1>{state.info ? nameIn(state.info.name, texts.code) : texts.header.product}</h1>
        {state.info && <span class="product">{texts.header.product}</span>}
        {state.simulation && <SimulationMark simulation={state.simulation} />}
      </div>
      {state.phase !== "signed_out" && <Connection state={state} />}
      {state.info && <GateClock zone={state.info.timezone} />}
      <nav class="choices">
        <span class="languages" role="group" aria-label={texts.header.language}>
          {(Object.keys(LANGUAGES) as Language[]).map((code) => (
            <button
              key={code}
              type="button"
              lang={code}
              title={LANGUAGE_NAMES[code]}
              aria-label={LANGUAGE_NAMES[code]}
              aria-pressed={code === texts.code}
              onClick={() => onLanguage(code)}
            >
              {LANGUAGE_MARKS[code]}
            </button>
          ))}
        </span>
        <button
          type="button"
          class="theme"
          title={texts.header.theme[other]}
          aria-label={texts.header.theme[other]}
          onClick={() => onTheme(other)}
        >
          <ThemeIcon />
        </button>
        <a href={SOURCE_URL} title={texts.header.sourceTitle} download>
          {texts.header.source}
        </a>
      </nav>
    </header>
  );
}

function GateClock({ zone }: { zone: string }) {
  const texts = useTexts();
  const now = useNow();
  return (
    <time class="clock" title={texts.header.time(zone)} dateTime={new Date(now * 1000).toISOString()}>
      <span class="date">{calendarDate(now, texts.locale, zone)}</span>
      <span class="hours">{clockTime(now, texts.locale, zone)}</span>
    </time>
  );
}

/** Age of the newest measurement of any lane; null before the first. */
export function newestAgeS(state: PageState, nowS: number): number | null {
  const times = Object.values(state.lanes).map((lane) => lane.t);
  return times.length > 0 ? ageS(Math.max(...times), nowS) : null;
}

function Connection({ state }: { state: PageState }) {
  const texts = useTexts();
  const now = useNow();
  const words = texts.connection;
  if (state.phase !== "live") {
    const nowMs = (now - state.clockOffsetS) * 1000;
    const retryS = state.retryAtMs === null ? null : Math.ceil((state.retryAtMs - nowMs) / 1000);
    const first = state.lostAtMs === null;
    return (
      <p class={first ? "connection" : "connection attention"} role="status">
        <LinkIcon live={false} />
        <strong>{first ? words.connecting : words.lost(age((nowMs - (state.lostAtMs ?? nowMs)) / 1000, texts.units))}</strong>
        {!first && <span class="retry">{retryS === null || retryS < 1 ? words.retrying : words.retry(retryS)}</span>}
      </p>
    );
  }
  const dataAge = newestAgeS(state, now);
  const live = dataAge !== null && freshness(dataAge) === "live";
  const text =
    dataAge === null ? words.noData : live ? words.live(age(dataAge, texts.units)) : words.stale(age(dataAge, texts.units));
  return (
    <p class={live ? "connection" : "connection attention"}>
      <LinkIcon live={live} />
      <span>{text}</span>
    </p>
  );
}
