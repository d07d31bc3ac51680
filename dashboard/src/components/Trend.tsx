/** A sparkline of one lane's queue over the last hour; where the queue was unknown the line has a gap. */

import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { clockTime, NOT_MEASURED } from "../figures";
import { chartColumns, HISTORY_S, useHistory, useTruth, type CurrentQueue } from "../history";
import { useTexts } from "../i18n";
import { useNow } from "../live";
import { TrueFigure } from "./Truth";

interface TrendProps {
  laneId: string;
  current: CurrentQueue | null;
  /** At a simulated gate the true queue is a second line. */
  simulated: boolean;
  truth: CurrentQueue | null;
  timeZone: string;
  version: number;
}

/** The value axis reaches at least this far, so that one truck does not look like a jam. */
const LEAST_TOP = 5;

type Values = readonly (number | null | undefined)[];

export function Trend({ laneId, current, simulated, truth, timeZone, version }: TrendProps) {
  const texts = useTexts();
  const now = useNow();
  const latest = useRef(now);
  latest.current = now;
  const history = useHistory(laneId, version, () => latest.current);
  const past = useTruth(laneId, version, simulated);
  const columns = uPlot.join([chartColumns(history.points, current), chartColumns(past.points, truth)]);
  const [times = [], measured = [], trueQueue = []] = columns as readonly Values[];
  const [pointed, setPointed] = useState<number | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);

  useEffect(() => {
    if (!box.current) return undefined;
    const element = box.current;
    const plot = new uPlot(options(element, setPointed), [[], [], []], element);
    const observer = new ResizeObserver(() => plot.setSize(sizeOf(element)));
    observer.observe(element);
    chart.current = plot;
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, []);

  const minute = Math.floor(now / 10) * 10;
  useEffect(() => {
    const plot = chart.current;
    if (!plot) return;
    plot.batch(() => {
      plot.setData(columns, false);
      plot.setScale("x", { min: minute + 10 - HISTORY_S, max: minute + 10 });
      plot.setScale("y", { min: 0, max: Math.max(LEAST_TOP, ...known(measured), ...known(trueQueue)) * 1.08 });
    });
  }, [history, past, current?.t, truth?.t, minute]);

  return (
    <figure class="trend" aria-label={texts.trend.title(laneId)}>
      <div class="chart" ref={box} />
      <figcaption>
        {caption()}
        {simulated && trueCaption()}
      </figcaption>
    </figure>
  );

  function caption(): string {
    const t = pointed === null ? undefined : times[pointed];
    if (t != null) {
      return texts.trend.at(clockTime(t, texts.locale, timeZone, false), String(heldAt(measured, pointed) ?? NOT_MEASURED));
    }
    if (known(measured).length > 0) return texts.trend.peak(String(Math.max(...known(measured))));
    return { loading: texts.trend.loading, failed: texts.trend.failed, ready: texts.trend.empty }[history.phase];
  }

  function trueCaption() {
    const value = pointed === null ? known(trueQueue).reduce<number | null>(larger, null) : heldAt(trueQueue, pointed);
    return value === null ? null : <TrueFigure text={String(value)} />;
  }
}

const known = (values: Values): number[] => values.filter((value) => value != null);

const larger = (a: number | null, b: number): number => (a === null ? b : Math.max(a, b));

/** The value of a stepped line at a point; `undefined` is a point of the other line only, where this one goes on. */
function heldAt(values: Values, index: number | null): number | null {
  for (let at = index ?? -1; at >= 0; at--) {
    const value = values[at];
    if (value !== undefined) return value;
  }
  return null;
}

function sizeOf(element: HTMLElement): { width: number; height: number } {
  return { width: Math.max(40, element.clientWidth), height: Math.max(24, element.clientHeight) };
}

function options(element: HTMLElement, onPoint: (index: number | null) => void): uPlot.Options {
  const colour = (name: string) => (): string => getComputedStyle(element).getPropertyValue(name).trim();
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const line = { spanGaps: false, points: { show: false }, ...(stepped ? { paths: stepped } : {}) };
  return {
    ...sizeOf(element),
    legend: { show: false },
    axes: [{ show: false }, { show: false }],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 5 } },
    scales: { x: { time: true, auto: false }, y: { auto: false } },
    padding: [2, 2, 2, 2],
    series: [
      {},
      { ...line, stroke: colour("--trend"), fill: colour("--trend-fill"), width: 1.5 },
      { ...line, stroke: colour("--truth"), width: 1.25, dash: [3, 2] },
    ],
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)] },
  };
}
