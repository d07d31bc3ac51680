/** Where the vehicles of a lane and the tail of its queue are drawn, in per cent of the strip. Pure. */

import type { VehicleData } from "./messages";

/** Length that stands for a vehicle of which one end is hidden. */
const TYPICAL_M = { truck: 16, bus: 12, car: 4.5 } as const;
/** A vehicle drawn without scale takes one slot; the slots shrink when the line is long. */
const WIDEST_SLOT = 11;
const SLOT_FILL = 0.86;

export interface Placed {
  vehicle: VehicleData;
  /** From 1 at the stop line. */
  order: number;
  left: number;
  width: number;
  /** Which ends were not seen: the outline stays open there. */
  openFront: boolean;
  openRear: boolean;
}

/** Vehicles to scale: `scaleM` metres are 100 per cent, the stop line is 0. */
export function placeToScale(vehicles: readonly VehicleData[], scaleM: number): Placed[] {
  return vehicles.flatMap((vehicle, index) => {
    const ends = endsOf(vehicle);
    if (ends === null) return [];
    const left = percent(ends.front, scaleM);
    const width = Math.max(0.6, percent(Math.min(ends.rear, scaleM), scaleM) - left);
    const openRear = vehicle.rear_m === null || ends.rear > scaleM;
    return [{ vehicle, order: index + 1, left, width, openFront: vehicle.front_m === null, openRear }];
  });
}

/** Vehicles in their order only, each the same width: for a lane without metres. */
export function placeInOrder(vehicles: readonly VehicleData[]): Placed[] {
  const slot = slotWidth(vehicles.length);
  return vehicles.map((vehicle, index) => ({
    vehicle,
    order: index + 1,
    left: index * slot + slot * (1 - SLOT_FILL),
    width: slot * SLOT_FILL,
    openFront: false,
    openRear: false,
  }));
}

/** Where the queue ends, drawn without scale: behind the last of its vehicles. */
export function tailInOrder(queueVehicles: number, vehicles: number): number {
  return Math.min(100, (queueVehicles + 0.5 * (1 - SLOT_FILL)) * slotWidth(Math.max(vehicles, queueVehicles)) + 0.6);
}

/** Ticks of the scale in metres: about six steps of a round length. */
export function scaleTicks(scaleM: number): number[] {
  const step = [5, 10, 20, 25, 50, 100, 200, 250, 500].find((candidate) => scaleM / candidate <= 8) ?? 1000;
  const count = Math.floor(scaleM / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

const percent = (s_m: number, scaleM: number): number => Math.min(100, Math.max(0, (s_m / scaleM) * 100));

const slotWidth = (count: number): number => Math.min(WIDEST_SLOT, 100 / Math.max(1, count));

function endsOf(vehicle: VehicleData): { front: number; rear: number } | null {
  const typical = TYPICAL_M[vehicle.vehicle_class];
  const { front_m, rear_m } = vehicle;
  if (front_m !== null) return { front: front_m, rear: Math.max(rear_m ?? front_m + typical, front_m + 1) };
  return rear_m === null ? null : { front: rear_m - typical, rear: rear_m };
}
