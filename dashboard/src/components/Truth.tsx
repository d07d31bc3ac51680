/** What only a simulated gate has: the mark that it is one, and what is true beside what is measured. */

import { age, bounded, metres } from "../figures";
import { ageS } from "../freshness";
import { useTexts } from "../i18n";
import { isTruthFresh } from "../lane_view";
import { useNow } from "../live";
import type { Simulation, TrueLane } from "../messages";

/** A hollow diamond stands for truth wherever it is shown: no measurement looks like it. */
export function TruthIcon() {
  return (
    <svg class="icon truth-icon" viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.2">
      <path d="M10 2.5 17.5 10 10 17.5 2.5 10z" stroke-linejoin="round" />
    </svg>
  );
}

/** In the header: this gate does not exist. */
export function SimulationMark({ simulation }: { simulation: Simulation }) {
  const texts = useTexts();
  const now = useNow();
  const fresh = isTruthFresh(simulation, now);
  return (
    <p class="simulation-mark" title={texts.simulation.title}>
      <TruthIcon />
      <strong>{texts.simulation.mark}</strong>
      {!fresh && <span>{texts.simulation.silent(age(ageS(simulation.t, now), texts.units))}</span>}
    </p>
  );
}

/** A true figure where there is little room. */
export function TrueFigure({ text }: { text: string }) {
  const texts = useTexts();
  return (
    <span class="of-truth" title={texts.simulation.queueTitle}>
      <TruthIcon />
      <span class="sr-only">{texts.simulation.queue("")}</span>
      {text}
    </span>
  );
}

/** Under a measured queue: the true one, in vehicles and metres. */
export function TrueQueue({ truth }: { truth: TrueLane }) {
  const texts = useTexts();
  const length = truth.queue_vehicles > 0 ? ` · ${bounded(metres(truth.queue_m), truth.censored)}` : "";
  return (
    <span class="true-queue of-truth" title={texts.simulation.queueTitle}>
      <TruthIcon />
      {texts.simulation.queue(`${truth.queue_vehicles}${length}`)}
    </span>
  );
}

/** On the lane's drawing: where the true queue ends. */
export function TrueTail({ truth, end }: { truth: TrueLane; end: number }) {
  const texts = useTexts();
  const title = `${texts.simulation.tail}: ${bounded(metres(truth.queue_m), truth.censored)}`;
  return (
    <i class="true-tail of-truth" style={{ left: `${end}%` }} title={title}>
      <TruthIcon />
    </i>
  );
}
