/** What an operator can do with an alert: acknowledge it, put it aside for a while, take it back. */

import { useState } from "preact/hooks";
import type { AlertView } from "../alert_view";
import { duration } from "../figures";
import { useTexts } from "../i18n";
import { acknowledge, shelve, unshelve } from "../rest";
import { Ask } from "./Ask";

const MINUTES = [15, 30, 60] as const;

export function AlertActions({ view, what, live }: { view: AlertView; what: string; live: boolean }) {
  const { alerts: words, ask: asked } = useTexts();
  const { alert, look } = view;
  const [asking, ask] = useState(false);
  const [phase, setPhase] = useState<"idle" | "sending" | { failed: string }>("idle");
  const send = (request: (alertId: string) => Promise<void>): void => {
    setPhase("sending");
    request(alert.alert_id).then(
      () => setPhase("idle"),
      (error: unknown) => setPhase({ failed: error instanceof Error ? error.message : String(error) }),
    );
  };
  const waiting = !live || phase === "sending";
  const needed = look === "unacknowledged" || look === "ended_unacknowledged";
  if (look === "pending" || look === "ended") return null;
  return (
    <div class="actions">
      {needed && (
        <button type="button" class="main" onClick={() => send(acknowledge)} disabled={waiting}>
          {phase === "sending" ? words.acknowledging : words.acknowledge}
        </button>
      )}
      {(look === "unacknowledged" || look === "acknowledged") && (
        <button type="button" class="quiet" onClick={() => ask(true)} disabled={!live} aria-label={`${words.shelve}: ${what}`}>
          {words.shelve}
        </button>
      )}
      {look === "shelved" && (
        <button type="button" class="quiet" onClick={() => send(unshelve)} disabled={waiting}>
          {words.unshelve}
        </button>
      )}
      {typeof phase === "object" && (
        <span class="failed" role="alert">
          {asked.failed(phase.failed)}
        </span>
      )}
      {asking && <AskShelving alertId={alert.alert_id} what={what} onClose={() => ask(false)} />}
    </div>
  );
}

function AskShelving({ alertId, what, onClose }: { alertId: string; what: string; onClose: () => void }) {
  const texts = useTexts();
  const words = texts.alerts;
  const [minutes, choose] = useState<number>(MINUTES[0]);
  return (
    <Ask
      title={words.shelveTitle(what)}
      hint={words.shelveHint}
      submit={words.shelve}
      reasonNeeded
      onSubmit={(by, reason) => shelve(alertId, minutes * 60, by, reason)}
      onClose={onClose}
    >
      <label>
        {words.shelveFor}
        <select value={minutes} onChange={(event) => choose(Number(event.currentTarget.value))}>
          {MINUTES.map((one) => (
            <option key={one} value={one}>
              {duration(one * 60, texts.units)}
            </option>
          ))}
        </select>
      </label>
    </Ask>
  );
}
