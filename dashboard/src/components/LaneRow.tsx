/** One lane of the board: its name and quality, its figures, its line of vehicles, its last hour. */

import type { ComponentChildren } from "preact";
import { age, bounded, duration, interval, metres, NOT_MEASURED } from "../figures";
import { nameIn, useTexts } from "../i18n";
import type { LaneView } from "../lane_view";
import type { TrueLane } from "../messages";
import { SeverityIcon } from "./icons";
import { LaneStatus } from "./LaneStatus";
import { LaneStrip } from "./LaneStrip";
import { Trend } from "./Trend";
import { TrueQueue } from "./Truth";

interface RowProps {
  view: LaneView;
  scaleM: number;
  timeZone: string;
  historyVersion: number;
  simulated: boolean;
  /** Whether the server can be asked to change something. */
  live: boolean;
  hovered: string | null;
  onHover: (visitId: string | null) => void;
}

export function LaneRow({ view, scaleM, timeZone, historyVersion, simulated, live, hovered, onHover }: RowProps) {
  const { lane, alert } = view;
  return (
    <article
      class={`lane ${view.look} ${alert ? `alert-${alert.severity}` : ""}`}
      aria-labelledby={`lane-${lane.id}`}
      data-lane={lane.id}
    >
      <LaneName view={view} timeZone={timeZone} live={live} />
      <Figures view={view} />
      <LaneStrip view={view} scaleM={scaleM} hovered={hovered} onHover={onHover} />
      <Trend
        laneId={lane.id}
        current={view.measured}
        simulated={simulated}
        truth={view.truth}
        timeZone={timeZone}
        version={historyVersion}
      />
    </article>
  );
}

function LaneName({ view, timeZone, live }: { view: LaneView; timeZone: string; live: boolean }) {
  const texts = useTexts();
  const { lane, alert } = view;
  return (
    <div class="lane-name">
      <div class="lane-title">
        <h3 id={`lane-${lane.id}`}>
          {alert && (
            <span class={`mark severity-${alert.severity}`} role="img" aria-label={texts.alerts.severity[alert.severity]}>
              <SeverityIcon severity={alert.severity} filled />
            </span>
          )}
          {lane.id}
        </h3>
        <LaneStatus view={view} timeZone={timeZone} live={live} />
      </div>
      <span class="full-name">{nameIn(lane.name, texts.code)}</span>
      <QualityNote view={view} />
    </div>
  );
}

/** How far the figures can be trusted: nothing but the picture's age when all is well. */
function QualityNote({ view }: { view: LaneView }) {
  const texts = useTexts();
  const words = texts.board;
  const old = view.ageS === null ? words.neverSeen : words.age(age(view.ageS, texts.units));
  if (view.look === "live" && view.measured?.quality === "ok") return <span class="quality">{old}</span>;
  const quality =
    view.look === "live" ? words.quality.degraded : view.look === "stale" ? words.quality.stale : words.quality.unknown;
  const reasons = view.reasons.map((reason) => words.reasons[reason]);
  return (
    <span class={`quality not-ok ${view.look}`} title={[...reasons, old].join(", ")}>
      <b>{quality}</b> {view.look === "live" ? reasons.join(", ") : view.look === "stale" ? old : ""}
    </span>
  );
}

function Figures({ view }: { view: LaneView }) {
  const texts = useTexts();
  const { columns } = texts.board;
  const measured = view.measured;
  const queue = measured?.queue_vehicles ?? null;
  const wait = measured?.longest_wait_s ?? null;
  const level = measured?.level_of_service ?? null;
  return (
    <dl class="figures">
      <Figure name="queue" label={columns.queue} note={queueNote(view, texts)} truth={view.truth}>
        {queue === null ? NOT_MEASURED : bounded(String(queue), view.censored)}
        {queue !== null && <small> {texts.board.vehicleUnit(queue)}</small>}
      </Figure>
      <Figure name="longest" label={columns.longest}>
        {wait !== null ? (
          duration(wait, texts.units)
        ) : queue === 0 ? (
          <span class="nobody">{texts.board.nobody}</span>
        ) : (
          NOT_MEASURED
        )}
      </Figure>
      <Figure name="expected" label={columns.expected} note={expectedNote(view, texts)}>
        {expectedText(view, texts)}
      </Figure>
      <Figure name="level" label={columns.level}>
        {level === null ? NOT_MEASURED : <span class={`grade grade-${level}`}>{level}</span>}
      </Figure>
    </dl>
  );
}

function Figure({
  name,
  label,
  note,
  truth = null,
  children,
}: {
  name: string;
  label: string;
  note?: ComponentChildren;
  truth?: TrueLane | null;
  children: ComponentChildren;
}) {
  return (
    <div class={`figure ${name}`}>
      <dt>{label}</dt>
      <dd>
        <span class="value">{children}</span>
        {note && <span class="note">{note}</span>}
        {truth && <TrueQueue truth={truth} />}
      </dd>
    </div>
  );
}

/** Under the queue: between which numbers it lies, where that is more than one, and its length. */
function queueNote(view: LaneView, texts: ReturnType<typeof useTexts>): ComponentChildren {
  const { queueRange: range } = view;
  const length = view.measured?.queue_m ?? null;
  if (range === null && length === null) return null;
  return (
    <>
      {range && (
        <span class="range" title={texts.board.queueRangeTitle(range.low, range.high)}>
          {range.low}–{range.high}
        </span>
      )}
      {range && length !== null && " · "}
      {length !== null && bounded(metres(length), view.censored)}
    </>
  );
}

function expectedText(view: LaneView, texts: ReturnType<typeof useTexts>): string {
  const expected = view.measured?.expected_wait_s ?? null;
  return expected === null ? NOT_MEASURED : duration(expected, texts.units);
}

function expectedNote(view: LaneView, texts: ReturnType<typeof useTexts>): string | null {
  const low = view.measured?.expected_wait_low_s ?? null;
  const high = view.measured?.expected_wait_high_s ?? null;
  return low === null || high === null || high === 0 ? null : interval(low, high, texts.units);
}
