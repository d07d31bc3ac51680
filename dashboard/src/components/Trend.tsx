/** A sparkline of one lane's queue over the last hour; where the queue was unknown the line has a gap. */

import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { clockTime, NOT_MEASURED } from "../figures";
import { chartColumns, HISTORY_S, useHistory } from "../history";
import { useTexts } from "../i18n";
import { useNow } from "../live";
import type { Measurement } from "../messages";

interface TrendProps {
  laneId: string;
  current: Measurement | null;
  unknown: boolean;
  timeZone: string;
  version: number;
}

/** The value axis reaches at least this far, so that one truck does not look like a jam. */
const LEAST_TOP = 5;

export function Trend({ laneId, current, timeZone, version }: TrendProps) {
  const texts = useTexts();
  const now = useNow();
  const latest = useRef(now);
  latest.current = now;
  const history = useHistory(laneId, version, () => latest.current);
  const [columns, cursor, box] = [
    chartColumns(history.points, current),
    useState<number | null>(null),
    useRef<HTMLDivElement>(null),
  ];
  const [pointed, setPointed] = cursor;
  const chart = useRef<uPlot | null>(null);

  useEffect(() => {
    if (!box.current) return undefined;
    const element = box.current;
    const plot = new uPlot(options(element, setPointed), [[], []], element);
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
      plot.setScale("y", { min: 0, max: Math.max(LEAST_TOP, ...columns[1].map((value) => value ?? 0)) * 1.08 });
    });
  }, [history, current?.t, minute]);

  return (
    <figure class="trend" aria-label={texts.trend.title(laneId)}>
      <div class="chart" ref={box} />
      <figcaption>{caption(columns, pointed)}</figcaption>
    </figure>
  );

  function caption([times, values]: [number[], (number | null)[]], index: number | null): string {
    if (index !== null && times[index] !== undefined) {
      return texts.trend.at(clockTime(times[index], texts.locale, timeZone, false), String(values[index] ?? NOT_MEASURED));
    }
    const known = values.filter((value) => value !== null);
    if (known.length > 0) return texts.trend.peak(String(Math.max(...known)));
    return { loading: texts.trend.loading, failed: texts.trend.failed, ready: texts.trend.empty }[history.phase];
  }
}

function sizeOf(element: HTMLElement): { width: number; height: number } {
  return { width: Math.max(40, element.clientWidth), height: Math.max(24, element.clientHeight) };
}

function options(element: HTMLElement, onPoint: (index: number | null) => void): uPlot.Options {
  const colour = (name: string) => (): string => getComputedStyle(element).getPropertyValue(name).trim();
  return {
    ...sizeOf(element),
    legend: { show: false },
    axes: [{ show: false }, { show: false }],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 5 } },
    scales: { x: { time: true, auto: false }, y: { auto: false } },
    padding: [2, 2, 2, 2],
    series: [
      {},
      {
        stroke: colour("--trend"),
        fill: colour("--trend-fill"),
        width: 1.5,
        spanGaps: false,
        points: { show: false },
        ...(uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
      },
    ],
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)] },
  };
}
