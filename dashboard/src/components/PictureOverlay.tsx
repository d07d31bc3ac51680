/** Lane polygons, boxes with their labels and the queues' tails, drawn over a picture as SVG. */

import { bounded, duration, metres } from "../figures";
import { useTexts } from "../i18n";
import type { Texts } from "../i18n/texts";
import type { Box, PictureEvent, Tail, Vehicle, Vehicles } from "../messages";

interface OverlayProps {
  picture: PictureEvent;
  vehicles: Readonly<Record<string, Vehicles>>;
  hovered: string | null;
  onHover: (visitId: string | null) => void;
}

type Point = readonly [number, number];
/** The drawing is so many units wide, whatever the picture's own size. */
const WIDTH = 1000;
const LABEL_HEIGHT = 21;
const LETTER_WIDTH = 8.6;

export function PictureOverlay({ picture, vehicles, hovered, onHover }: OverlayProps) {
  const texts = useTexts();
  const height = (WIDTH * picture.height) / picture.width;
  const at = ([x, y]: Point): Point => [x * WIDTH, y * height];
  return (
    <svg class="overlay" viewBox={`0 0 ${WIDTH} ${height}`} aria-hidden="true">
      {Object.entries(picture.polygons).map(([laneId, polygon]) => <LaneOutline key={laneId} laneId={laneId} points={polygon.map(at)} />)}
      {picture.frame.boxes.map((box) => (
        <BoxShape key={box.track_id} box={box} at={at} label={boxLabel(box, vehicles, texts)} hovered={box.visit_id !== null && box.visit_id === hovered} onHover={onHover} />
      ))}
      {picture.frame.tails.map((tail) => <TailLine key={tail.lane_id} tail={tail} at={at} label={tailLabel(tail, texts)} />)}
    </svg>
  );
}

const path = (points: readonly Point[]): string => points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");

function LaneOutline({ laneId, points }: { laneId: string; points: readonly Point[] }) {
  const foot = points.reduce((lowest, point) => (point[1] > lowest[1] ? point : lowest), points[0] ?? [0, 0]);
  const feet = points.filter((point) => Math.abs(point[1] - foot[1]) < 12);
  const x = feet.reduce((sum, point) => sum + point[0], 0) / Math.max(1, feet.length);
  return (
    <g class="lane-outline">
      <polygon points={path(points)} />
      <text x={Math.min(WIDTH - 24, Math.max(24, x))} y={foot[1] - 8} text-anchor="middle">{laneId}</text>
    </g>
  );
}

interface BoxShapeProps {
  box: Box;
  at: (point: Point) => Point;
  label: string | null;
  hovered: boolean;
  onHover: OverlayProps["onHover"];
}

function BoxShape({ box, at, label, hovered, onHover }: BoxShapeProps) {
  const [x1, y1] = at([box.xyxy[0], box.xyxy[1]]);
  const [x2, y2] = at([box.xyxy[2], box.xyxy[3]]);
  const looks = ["box", box.standing ? "standing" : "moving", box.visit_id === null && "unassigned", hovered && "hovered"];
  return (
    <g class={looks.filter(Boolean).join(" ")} data-visit={box.visit_id ?? ""} onMouseEnter={() => onHover(box.visit_id)} onMouseLeave={() => onHover(null)}>
      <rect x={x1} y={y1} width={x2 - x1} height={y2 - y1} />
      {label !== null && <Label x={x1} y={Math.max(LABEL_HEIGHT, y1)} text={label} />}
    </g>
  );
}

function TailLine({ tail, at, label }: { tail: Tail; at: (point: Point) => Point; label: string }) {
  const [from, to] = tail.line.map(at) as [Point, Point];
  return (
    <g class={`tail-line ${tail.censored ? "open" : ""}`}>
      <line x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} />
      <Label x={Math.max(from[0], to[0]) + 6} y={(from[0] > to[0] ? from[1] : to[1]) + LABEL_HEIGHT / 2} text={label} />
    </g>
  );
}

/** A label whose lower left corner is at x, y, kept inside the picture's width. */
function Label({ x, y, text }: { x: number; y: number; text: string }) {
  const width = text.length * LETTER_WIDTH + 10;
  const left = Math.max(0, Math.min(x, WIDTH - width));
  return (
    <g class="label">
      <rect x={left} y={y - LABEL_HEIGHT} width={width} height={LABEL_HEIGHT} />
      <text x={left + 5} y={y - 6}>{text}</text>
    </g>
  );
}

function boxLabel(box: Box, vehicles: OverlayProps["vehicles"], texts: Texts): string | null {
  if (box.visit_id === null || box.lane_id === null) return null;
  const line = vehicles[box.lane_id]?.vehicles ?? [];
  const order = line.findIndex((vehicle) => vehicle.visit_id === box.visit_id);
  const vehicle: Vehicle | undefined = line[order];
  if (vehicle === undefined) return box.lane_id;
  const dwell = vehicle.dwell_s === null ? "" : ` · ${bounded(duration(vehicle.dwell_s, texts.units), vehicle.censored)}`;
  return `${box.lane_id}-${order + 1}${dwell}`;
}

function tailLabel(tail: Tail, texts: Texts): string {
  const trucks = texts.board.vehicles(bounded(String(tail.queue_vehicles), tail.censored));
  return texts.cameras.tail(tail.lane_id, trucks, tail.queue_m === null ? null : bounded(metres(tail.queue_m), tail.censored));
}
