/** The lanes side by side, grouped by direction, drawn to one scale so that queues compare at a glance. */

import type { AlertView } from "../alert_view";
import { worstFiring } from "../alert_view";
import { bounded, duration } from "../figures";
import { useTexts } from "../i18n";
import { groupTotals, laneView, type LaneView } from "../lane_view";
import { useNow } from "../live";
import type { GateInfo, LaneInfo } from "../messages";
import { scaleTicks } from "../placement";
import type { PageState } from "../store";
import { DirectionIcon, SeverityIcon } from "./icons";
import { LaneRow } from "./LaneRow";
import { TruthIcon } from "./Truth";

interface BoardProps {
  state: PageState;
  info: GateInfo;
  alerts: readonly AlertView[];
  hovered: string | null;
  onHover: (visitId: string | null) => void;
}

const DIRECTIONS = ["export", "import"] as const;

export function LaneBoard({ state, info, alerts, hovered, onHover }: BoardProps) {
  const texts = useTexts();
  const now = useNow();
  const views = info.lanes.map((lane) => viewOf(lane, state, alerts, now));
  const simulated = state.simulation !== null;
  const scaleM = Math.max(...info.lanes.map((lane) => lane.zone_m));
  const groups = DIRECTIONS.map((direction) => ({
    direction,
    views: views.filter((view) => view.lane.direction === direction),
  }));
  return (
    <section class={`board panel ${simulated ? "simulated" : ""}`} aria-label={texts.board.title}>
      <BoardHead scaleM={views.some((view) => view.calibrated) ? scaleM : null} limits={info.level_of_service_s} />
      {groups
        .filter((group) => group.views.length > 0)
        .map((group) => (
          <div class="group" key={group.direction}>
            <GroupHead direction={group.direction} views={group.views} alerts={alerts} />
            {group.views.map((view) => (
              <LaneRow
                key={view.lane.id}
                view={view}
                scaleM={scaleM}
                timeZone={info.timezone}
                historyVersion={state.historyVersion}
                simulated={simulated}
                live={state.phase === "live"}
                hovered={hovered}
                onHover={onHover}
              />
            ))}
          </div>
        ))}
      <Legend simulated={simulated} />
    </section>
  );
}

function viewOf(lane: LaneInfo, state: PageState, alerts: readonly AlertView[], nowS: number): LaneView {
  return laneView(lane, {
    measurement: state.lanes[lane.id],
    vehicles: state.vehicles[lane.id],
    status: state.statuses[lane.id],
    alert: worstFiring(alerts, "lane", lane.id),
    simulation: state.simulation,
    nowS,
  });
}

function BoardHead({ scaleM, limits }: { scaleM: number | null; limits: readonly number[] }) {
  const texts = useTexts();
  const { columns } = texts.board;
  const levels = texts.board.levelTitle(limits.map((limit) => duration(limit, texts.units)));
  return (
    <div class="board-head" aria-hidden="true">
      <span class="head-lane">{columns.lane}</span>
      <span class="head-queue" title={columns.queueTitle}>
        {columns.queue}
      </span>
      <span class="head-longest">{columns.longest}</span>
      <span class="head-expected" title={columns.expectedTitle}>
        {columns.expected}
      </span>
      <span class="head-level" title={levels}>
        {columns.level}
      </span>
      <span class="head-scale">
        {scaleM === null
          ? texts.board.columns.line
          : scaleTicks(scaleM).map((tick) => (
              <span key={tick} style={{ left: `${(tick / scaleM) * 100}%` }}>
                {tick === 0 ? texts.board.stopLine : `${tick} m`}
              </span>
            ))}
      </span>
      <span class="head-trend">{columns.trend}</span>
    </div>
  );
}

function GroupHead({
  direction,
  views,
  alerts,
}: {
  direction: LaneInfo["direction"];
  views: readonly LaneView[];
  alerts: readonly AlertView[];
}) {
  const texts = useTexts();
  const totals = groupTotals(views);
  const alert = worstFiring(alerts, "direction", direction);
  const wait = totals.longestWaitS === null ? null : duration(totals.longestWaitS, texts.units);
  const trucks =
    totals.queueVehicles === null ? null : texts.board.vehicles(bounded(String(totals.queueVehicles), totals.partial));
  return (
    <h2 class="group-head">
      <DirectionIcon direction={direction} />
      <span>{texts.board.direction[direction]}</span>
      {alert && (
        <span class={`mark severity-${alert.severity}`}>
          <SeverityIcon severity={alert.severity} filled />
        </span>
      )}
      <span class="totals">{trucks === null ? texts.board.totalsUnknown : texts.board.totals(trucks, wait)}</span>
    </h2>
  );
}

function Legend({ simulated }: { simulated: boolean }) {
  const { legend } = useTexts().board;
  return (
    <ul class="legend" aria-hidden="true">
      <li>
        <i class="vehicle truck standing sample" />
        {legend.standing}
      </li>
      <li>
        <i class="vehicle truck moving sample" />
        {legend.moving}
      </li>
      <li>
        <i class="vehicle truck held sample" />
        {legend.hidden}
      </li>
      <li>
        <i class="vehicle truck standing service sample" />
        {legend.service}
      </li>
      <li>
        <i class="tail-sample" />
        {legend.tail}
      </li>
      <li>
        <i class="tail-sample open" />
        {legend.censored}
      </li>
      {simulated && (
        <li class="of-truth">
          <TruthIcon />
          {legend.truth}
        </li>
      )}
    </ul>
  );
}
