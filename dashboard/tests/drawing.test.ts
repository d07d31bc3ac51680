import { expect, test } from "vitest";
import { chartColumns } from "../src/history";
import { placeLabels } from "../src/labels";
import { placeInOrder, placeToScale, scaleTicks, tailInOrder } from "../src/placement";
import { measurement, vehicle } from "./builders";

test("vehicles are placed to scale from the stop line", () => {
  const [placed] = placeToScale([vehicle({ front_m: 6, rear_m: 18 })], 120);
  expect(placed).toMatchObject({ left: 5, width: 10, order: 1, openFront: false, openRear: false });
});

test("a hidden end stays open and takes the length of its class", () => {
  expect(placeToScale([vehicle({ front_m: 12, rear_m: null })], 120)[0]).toMatchObject({ left: 10, openRear: true });
  expect(placeToScale([vehicle({ front_m: null, rear_m: 40 })], 120)[0]).toMatchObject({ left: 20, openFront: true });
  expect(placeToScale([vehicle({ front_m: null, rear_m: null })], 120)).toEqual([]);
});

test("a vehicle beyond the zone ends at its edge, open", () => {
  const placed = placeToScale([vehicle({ front_m: 114, rear_m: 130 })], 120)[0];
  expect(placed).toMatchObject({ left: 95, width: 5, openRear: true });
});

test("without metres vehicles stand in their order, however many there are", () => {
  const placed = placeInOrder(
    Array.from({ length: 30 }, (_, index) => vehicle({ visit_id: `${index}`, front_m: null, rear_m: null })),
  );
  const last = placed.at(-1);
  expect((last?.left ?? 0) + (last?.width ?? 0)).toBeLessThanOrEqual(100.001);
  expect(placed.every((one, index) => index === 0 || one.left > (placed[index - 1]?.left ?? 0))).toBe(true);
});

test("the tail without metres is behind the last vehicle of the queue", () => {
  const placed = placeInOrder([vehicle(), vehicle(), vehicle()]);
  const end = (index: number): number => (placed[index]?.left ?? 0) + (placed[index]?.width ?? 0);
  expect(tailInOrder(2, 3)).toBeGreaterThan(end(1));
  expect(tailInOrder(2, 3)).toBeLessThan(placed[2]?.left ?? 0);
});

test("the scale has a few round ticks", () => {
  expect(scaleTicks(120)).toEqual([0, 20, 40, 60, 80, 100, 120]);
  expect(scaleTicks(45)).toEqual([0, 10, 20, 30, 40]);
  expect(scaleTicks(2000).length).toBeLessThanOrEqual(9);
});

test("labels take the first free place and stay inside the picture", () => {
  const wanted = [
    { key: "a", text: "EX1-1", places: [[-20, 100]] as const },
    {
      key: "b",
      text: "EX1-2",
      places: [
        [0, 105],
        [0, 150],
      ] as const,
    },
    { key: "c", text: "EX1-3", places: [[5, 100]] as const },
  ];
  const labels = placeLabels(wanted, 400, 300);
  expect(labels.map(({ key, x, y }) => [key, x, y])).toEqual([
    ["a", 0, 100],
    ["b", 0, 150],
  ]);
});

test("the chart has a gap where no history is", () => {
  const points = [
    { t: 0, queueVehicles: 1 },
    { t: 30, queueVehicles: null },
    { t: 300, queueVehicles: 4 },
  ];
  expect(chartColumns(points, measurement({ t: 310, queue_vehicles: 5 }))).toEqual([
    [0, 30, 60, 300, 310],
    [1, null, null, 4, 5],
  ]);
  expect(chartColumns(points, measurement({ t: 290 }))[0].at(-1)).toBe(300);
});
