/** A lane drawn from the stop line (left) upstream, with its line of vehicles and the tail of its queue. */

import { bounded, duration, metres, shortDuration } from "../figures";
import { useTexts } from "../i18n";
import type { LaneView } from "../lane_view";
import { placeInOrder, placeToScale, scaleTicks, tailInOrder, type Placed } from "../placement";
import { TrueTail } from "./Truth";

interface StripProps {
  view: LaneView;
  /** Metres that the strip's whole width stands for, the same in every lane of the board. */
  scaleM: number;
  hovered: string | null;
  onHover: (visitId: string | null) => void;
}

export function LaneStrip({ view, scaleM, hovered, onHover }: StripProps) {
  const texts = useTexts();
  const unknown = view.look === "unknown";
  const placed = view.calibrated ? placeToScale(view.vehicles, scaleM) : placeInOrder(view.vehicles);
  const trueEnd = tailEnd(view.truth, view, scaleM);
  const extent = view.calibrated ? (view.lane.zone_m / scaleM) * 100 : 100;
  return (
    <div class={`strip ${unknown ? "hatched" : ""}`} role="img" aria-label={stripLabel(view, texts)}>
      <div class="asphalt" style={{ width: `${extent}%` }}>
        {view.calibrated &&
          !unknown &&
          scaleTicks(scaleM)
            .slice(1)
            .map(
              (tick) =>
                tick < view.lane.zone_m && (
                  <i key={tick} class="tick" style={{ left: `${(tick / view.lane.zone_m) * 100}%` }} />
                ),
            )}
      </div>
      <i class="stop-line" />
      {unknown ? (
        <p class="why">
          <strong>{texts.board.unknown}</strong> {view.reasons.map((reason) => texts.board.reasons[reason]).join(", ")}
        </p>
      ) : (
        <>
          <Tail view={view} scaleM={scaleM} trueEnd={trueEnd} />
          {placed.map((one) => (
            <VehicleShape
              key={one.vehicle.visit_id}
              placed={one}
              hovered={hovered === one.vehicle.visit_id}
              onHover={onHover}
            />
          ))}
          {placed.length === 0 && <span class="empty">{texts.board.empty}</span>}
          {!view.calibrated && (
            <span class="scale-note" title={texts.board.notToScaleTitle}>
              {texts.board.notToScale}
            </span>
          )}
        </>
      )}
      {view.truth && trueEnd !== null && <TrueTail truth={view.truth} end={trueEnd} />}
    </div>
  );
}

function stripLabel(view: LaneView, texts: ReturnType<typeof useTexts>): string {
  if (view.look === "unknown") return `${view.lane.id}: ${texts.board.unknown}`;
  return `${view.lane.id}: ${texts.board.vehicles(String(view.vehicles.length))}`;
}

/** Where a queue ends, in per cent of the strip; null where there is none. */
function tailEnd(
  queue: { queue_vehicles: number | null; queue_m: number | null } | null,
  view: LaneView,
  scaleM: number,
): number | null {
  if (queue === null || queue.queue_vehicles === null || queue.queue_vehicles === 0) return null;
  if (view.calibrated && queue.queue_m !== null) return Math.min(100, (queue.queue_m / scaleM) * 100);
  return tailInOrder(queue.queue_vehicles, view.vehicles.length);
}

/** How far a label that ends at `end` must move to leave room for the diamond of the true tail beside it. */
function aside(end: number, trueEnd: number | null): string | undefined {
  if (trueEnd === null || trueEnd < end - 18 || trueEnd > end + 3) return undefined;
  return `calc(${(Math.max(0, end - trueEnd) / end) * 100}% + 12px)`;
}

/** The queue from the stop line to its tail: a bar, and a line with the length; open where the view ends first. */
function Tail({ view, scaleM, trueEnd }: { view: LaneView; scaleM: number; trueEnd: number | null }) {
  const texts = useTexts();
  const end = tailEnd(view.measured, view, scaleM);
  if (view.measured === null || end === null) return null;
  const { queue_vehicles: queue, queue_m: length } = view.measured;
  const label =
    length === null ? texts.board.vehicles(bounded(String(queue), view.censored)) : bounded(metres(length), view.censored);
  const inside = end > 82;
  return (
    <div
      class={`tail ${view.censored ? "open" : ""}`}
      style={{ width: `${end}%` }}
      title={view.censored ? texts.board.tailCensored : texts.board.legend.tail}
    >
      <span class={inside ? "tail-label inside" : "tail-label"} style={inside ? { right: aside(end, trueEnd) } : {}}>
        {label}
      </span>
    </div>
  );
}

function VehicleShape({ placed, hovered, onHover }: { placed: Placed; hovered: boolean; onHover: StripProps["onHover"] }) {
  const texts = useTexts();
  const { vehicle, order } = placed;
  const dwell = vehicle.dwell_s === null ? null : bounded(duration(vehicle.dwell_s, texts.units), vehicle.censored);
  const kind = texts.board.vehicleClass[vehicle.vehicle_class];
  const title = texts.board.vehicleTitle({
    order,
    kind,
    dwell,
    standing: vehicle.standing,
    service: vehicle.in_service,
    seen: vehicle.seen,
  });
  const looks = [
    "vehicle",
    vehicle.vehicle_class,
    vehicle.standing ? "standing" : "moving",
    vehicle.in_service && "service",
    !vehicle.seen && "held",
    placed.openFront && "open-front",
    placed.openRear && "open-rear",
    hovered && "hovered",
  ];
  return (
    <div
      class={looks.filter(Boolean).join(" ")}
      style={{ left: `${placed.left}%`, width: `${placed.width}%` }}
      title={title}
      onMouseEnter={() => onHover(vehicle.visit_id)}
      onMouseLeave={() => onHover(null)}
    >
      {vehicle.dwell_s !== null && <span class="dwell">{bounded(shortDuration(vehicle.dwell_s), vehicle.censored)}</span>}
    </div>
  );
}
