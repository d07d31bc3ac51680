/** One recorded session of a running gate: the page ends with the same present as the api (tests/api/stream/session). */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decodeStreamFrame, type StreamFrame } from "../src/frames";
import { EMPTY, reduce, type PageState } from "../src/store";

const file = (name: string): string =>
  readFileSync(new URL(`../../tests/api/stream/session/${name}`, import.meta.url), "utf-8");
const frames = file("frames.jsonl").trim().split("\n").map(decodeStreamFrame) as StreamFrame[];
const end = JSON.parse(file("end.json")) as unknown;

const folded = (some: readonly StreamFrame[]): PageState =>
  some.reduce((state: PageState, frame) => reduce(state, { kind: "received", ...frame, atMs: 0 }), EMPTY);

/** What both folds must agree on: no clock, no place in the stream. */
const present = ({ info, lanes, vehicles, statuses, cameras, alerts, alarms, simulation }: PageState): unknown => ({
  info,
  lanes,
  vehicles,
  statuses,
  cameras,
  alerts,
  alarms,
  simulation,
});

test("every frame of the session is known", () => {
  expect(frames).not.toContain(null);
});

test("the session ends as the running api had it", () => {
  expect(present(folded(frames))).toEqual(end);
});

test("what comes again later changes nothing", () => {
  const again = frames.filter(({ message }) => message.type !== "gate.truth" && message.type !== "gate.snapshot");
  for (let cut = 0; cut < again.length; cut += 10) {
    expect(present(folded([...frames, ...again.slice(cut)]))).toEqual(end);
    expect(present(folded([...frames, ...again.slice(cut).reverse()]))).toEqual(end);
  }
});
