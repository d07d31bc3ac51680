/** The whole page: header, lanes, alerts, cameras, and the banner that says when it is not live. */

import { useEffect, useState } from "preact/hooks";
import { alertViews } from "../alert_view";
import { age } from "../figures";
import { STALE_S } from "../freshness";
import { chooseLanguage, LANGUAGES, nameIn, TextsProvider, useTexts, type Language } from "../i18n";
import { NowProvider, useNewVersion, useNow, usePageState, useServerClock } from "../live";
import { useRemembered } from "../preferences";
import type { PageState } from "../store";
import { AlertPanel } from "./AlertPanel";
import { CameraPanel } from "./CameraPanel";
import { FailureGuard } from "./Failure";
import { Header, newestAgeS, type Theme } from "./Header";
import { LaneBoard } from "./LaneBoard";
import { SignedOut } from "./SignedOut";

/** With so few lanes the pictures may take the rest of the screen. */
const FEW_LANES = 2;

export function Page() {
  const state = usePageState();
  const now = useServerClock(state.clockOffsetS);
  useNewVersion(state);
  const [language, setLanguage] = useRemembered<Language>("language", (held) => chooseLanguage(held, navigator.languages));
  const [theme, setTheme] = useRemembered<Theme>("theme", (held) => (held === "light" ? "light" : "dark"));
  useEffect(() => {
    document.documentElement.lang = language;
    document.documentElement.dataset["theme"] = theme;
    document.title = state.info ? `${nameIn(state.info.name, language)} · LaneWatch` : "LaneWatch";
  }, [language, theme, state.info]);
  return (
    <TextsProvider value={LANGUAGES[language]}>
      <NowProvider value={now}>
        <FailureGuard>
          <Header state={state} theme={theme} onLanguage={setLanguage} onTheme={setTheme} />
          {state.phase === "signed_out" ? <SignedOut /> : <Console state={state} />}
        </FailureGuard>
      </NowProvider>
    </TextsProvider>
  );
}

function Console({ state }: { state: PageState }) {
  const texts = useTexts();
  const [hovered, setHovered] = useState<string | null>(null);
  const { info } = state;
  if (info === null)
    return (
      <main class="loading">
        <p role="status">{texts.board.loading}</p>
      </main>
    );
  const alerts = alertViews(state.alerts, state.alarms);
  return (
    <main class={`console ${state.phase === "live" ? "" : "disconnected"} ${info.lanes.length > FEW_LANES ? "" : "few-lanes"}`}>
      <NotLive state={state} />
      <LaneBoard state={state} info={info} alerts={alerts} hovered={hovered} onHover={setHovered} />
      <AlertPanel alerts={alerts} timeZone={info.timezone} live={state.phase === "live"} />
      <CameraPanel state={state} info={info} alerts={alerts} hovered={hovered} onHover={setHovered} />
    </main>
  );
}

/** Says so, across the page, when what it shows is not the present. */
function NotLive({ state }: { state: PageState }) {
  const { connection, units } = useTexts();
  const old = newestAgeS(state, useNow());
  if (state.phase === "live" && (old === null || old < STALE_S)) return null;
  if (old !== null && old < STALE_S) return null;
  return (
    <p class="not-live" role="status">
      <span class="sr-only">{connection.bannerShort}</span>
      <span aria-hidden="true">{old === null ? connection.bannerNoData : connection.banner(age(old, units))}</span>
    </p>
  );
}
