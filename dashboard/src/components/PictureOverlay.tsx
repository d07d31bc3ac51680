/** Lane polygons, boxes with their labels and the queues' tails, drawn over a picture as SVG. */

import { bounded, duration, metres } from "../figures";
import { useTexts } from "../i18n";
import type { Texts } from "../i18n/texts";
import { LABEL_HEIGHT, labelWidth, placeLabels, type Label, type Wanted } from "../labels";
import type { Box, PictureEvent, Tail, Vehicles } from "../messages";

interface OverlayProps {
  picture: PictureEvent;
  /** Width in pixels at which the picture is shown: letters keep their size. */
  width: number;
  vehicles: Readonly<Record<string, Vehicles>>;
  hovered: string | null;
  onHover: (visitId: string | null) => void;
}

type Point = readonly [number, number];
type Place = (point: Point) => Point;

export function PictureOverlay({ picture, width, vehicles, hovered, onHover }: OverlayProps) {
  const texts = useTexts();
  const height = (width * picture.height) / picture.width;
  const at: Place = ([x, y]) => [x * width, y * height];
  const { boxes, tails } = picture.frame;
  const labels = placeLabels(
    [...tails.map((tail) => tailWanted(tail, at, width, texts)), ...boxLabels(boxes, at, vehicles, texts)],
    width,
    height,
  );
  const tailKeys = new Set(tails.map((tail) => tail.lane_id));
  return (
    <svg class="overlay" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {Object.entries(picture.polygons).map(([laneId, polygon]) => (
        <LaneOutline key={laneId} laneId={laneId} points={polygon.map(at)} height={height} />
      ))}
      {boxes.map((box) => (
        <BoxShape
          key={box.track_id}
          box={box}
          at={at}
          hovered={box.visit_id !== null && box.visit_id === hovered}
          onHover={onHover}
        />
      ))}
      {tails.map((tail) => (
        <TailLine key={tail.lane_id} tail={tail} at={at} />
      ))}
      {labels.map((label) => (
        <LabelShape key={label.key} label={label} look={tailKeys.has(label.key) ? "of-tail" : ""} />
      ))}
    </svg>
  );
}

const path = (points: readonly Point[]): string => points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");

function LaneOutline({ laneId, points, height }: { laneId: string; points: readonly Point[]; height: number }) {
  const lowest = Math.max(...points.map((point) => point[1]));
  const feet = points.filter((point) => lowest - point[1] < height * 0.02);
  const x = feet.reduce((sum, point) => sum + point[0], 0) / Math.max(1, feet.length);
  return (
    <g class="lane-outline">
      <polygon points={path(points)} />
      <text x={x} y={Math.min(lowest + 17, height - 5)} text-anchor="middle">
        {laneId}
      </text>
    </g>
  );
}

function BoxShape({ box, at, hovered, onHover }: { box: Box; at: Place; hovered: boolean; onHover: OverlayProps["onHover"] }) {
  const [x1, y1] = at([box.xyxy[0], box.xyxy[1]]);
  const [x2, y2] = at([box.xyxy[2], box.xyxy[3]]);
  const looks = ["box", box.standing ? "standing" : "moving", box.visit_id === null && "unassigned", hovered && "hovered"];
  return (
    <g
      class={looks.filter(Boolean).join(" ")}
      data-visit={box.visit_id ?? ""}
      onMouseEnter={() => onHover(box.visit_id)}
      onMouseLeave={() => onHover(null)}
    >
      <rect x={x1} y={y1} width={x2 - x1} height={y2 - y1} />
    </g>
  );
}

function TailLine({ tail, at }: { tail: Tail; at: Place }) {
  const [from, to] = [at(tail.line[0]), at(tail.line[1])];
  return <line class={tail.censored ? "tail-line open" : "tail-line"} x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} />;
}

function LabelShape({ label, look }: { label: Label; look: string }) {
  return (
    <g class={`label ${look}`}>
      <rect x={label.x} y={label.y - LABEL_HEIGHT} width={label.width} height={LABEL_HEIGHT} rx="2" />
      <text x={label.x + label.width / 2} y={label.y - 5} text-anchor="middle">
        {label.text}
      </text>
    </g>
  );
}

/** The tail's label stands beside its line, on the side that is nearer to the picture's edge. */
function tailWanted(tail: Tail, at: Place, width: number, texts: Texts): Wanted {
  const trucks = texts.board.vehicles(bounded(String(tail.queue_vehicles), tail.censored));
  const length = tail.queue_m === null ? null : bounded(metres(tail.queue_m), tail.censored);
  const text = texts.cameras.tail(tail.lane_id, trucks, length);
  const ends = tail.line.map(at);
  const [left, right] = [Math.min(...ends.map((end) => end[0])), Math.max(...ends.map((end) => end[0]))];
  const y = ends.reduce((sum, end) => sum + end[1], 0) / ends.length + LABEL_HEIGHT / 2;
  const x = left + right < width ? left - labelWidth(text) - 5 : right + 5;
  return { key: tail.lane_id, text, places: [0, -1, 1, -2, 2].map((step) => [x, y + step * (LABEL_HEIGHT + 1)] as const) };
}

/** Labels of the boxes with a visit, the nearest vehicle first. */
function boxLabels(boxes: readonly Box[], at: Place, vehicles: OverlayProps["vehicles"], texts: Texts): Wanted[] {
  return [...boxes]
    .sort((a, b) => b.xyxy[3] - a.xyxy[3])
    .flatMap((box) => {
      const text = boxText(box, vehicles, texts);
      if (text === null) return [];
      const [left, top] = at([box.xyxy[0], box.xyxy[1]]);
      const [right, bottom] = at([box.xyxy[2], box.xyxy[3]]);
      const room = right - left - labelWidth(text);
      const across = room > 0 ? [left, left + room] : [left + room / 2];
      const places = across.flatMap((x) => [top + LABEL_HEIGHT, bottom, top].map((y) => [x, y] as const));
      return [{ key: `${box.track_id}`, text, places }];
    });
}

/** The lane, the place in its line and the dwell time, for example `EX1-3 · 12 min`. */
function boxText(box: Box, vehicles: OverlayProps["vehicles"], texts: Texts): string | null {
  if (box.visit_id === null || box.lane_id === null) return null;
  const line = vehicles[box.lane_id]?.vehicles ?? [];
  const index = line.findIndex((vehicle) => vehicle.visit_id === box.visit_id);
  const vehicle = line[index];
  if (vehicle === undefined) return box.lane_id;
  const dwell = vehicle.dwell_s === null ? "" : ` · ${bounded(duration(vehicle.dwell_s, texts.units), vehicle.censored)}`;
  return `${box.lane_id}-${index + 1}${dwell}`;
}
