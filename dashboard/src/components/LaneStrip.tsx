/** A lane drawn from the stop line (left) upstream, with its line of vehicles and the tail of its queue. */

import { bounded, duration, metres, shortDuration } from "../figures";
import { useTexts } from "../i18n";
import type { LaneView } from "../lane_view";
import { placeInOrder, placeToScale, scaleTicks, tailInOrder, type Placed } from "../placement";

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
          <Tail view={view} scaleM={scaleM} />
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
    </div>
  );
}

function stripLabel(view: LaneView, texts: ReturnType<typeof useTexts>): string {
  if (view.look === "unknown") return `${view.lane.id}: ${texts.board.unknown}`;
  return `${view.lane.id}: ${texts.board.vehicles(String(view.vehicles.length))}`;
}

/** The queue from the stop line to its tail: a bar, and a line with the length; open where the view ends first. */
function Tail({ view, scaleM }: { view: LaneView; scaleM: number }) {
  const texts = useTexts();
  const queue = view.measured?.queue_vehicles ?? null;
  if (queue === null || queue === 0) return null;
  const length = view.measured?.queue_m ?? null;
  const end =
    view.calibrated && length !== null ? Math.min(100, (length / scaleM) * 100) : tailInOrder(queue, view.vehicles.length);
  const label =
    length === null ? texts.board.vehicles(bounded(String(queue), view.censored)) : bounded(metres(length), view.censored);
  return (
    <div
      class={`tail ${view.censored ? "open" : ""}`}
      style={{ width: `${end}%` }}
      title={view.censored ? texts.board.tailCensored : texts.board.legend.tail}
    >
      <span class={end > 82 ? "tail-label inside" : "tail-label"}>{label}</span>
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
