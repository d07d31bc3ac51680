/** Where labels go over a picture: the first ones choose, a label without a free place is left out. Pure. */

export interface Wanted {
  key: string;
  text: string;
  /** Lower left corners that would do, the best first, in pixels of the picture as shown. */
  places: readonly (readonly [x: number, y: number])[];
}

export interface Label {
  key: string;
  text: string;
  x: number;
  y: number;
  width: number;
}

export const LABEL_HEIGHT = 18;
const LETTER_WIDTH = 6.7;
const PADDING = 8;

export const labelWidth = (text: string): number => text.length * LETTER_WIDTH + PADDING;

/** The labels that fit, each kept inside a picture of `width` by `height`; those that come first matter most. */
export function placeLabels(wanted: readonly Wanted[], width: number, height: number): Label[] {
  const placed: Label[] = [];
  for (const { key, text, places } of wanted) {
    const room = labelWidth(text);
    const free = places
      .map(([x, y]) => ({ key, text, width: room, x: between(x, 0, width - room), y: between(y, LABEL_HEIGHT, height) }))
      .find((label) => !placed.some((other) => overlap(label, other)));
    if (free) placed.push(free);
  }
  return placed;
}

const between = (value: number, least: number, most: number): number => Math.max(least, Math.min(value, most));

function overlap(a: Label, b: Label): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && Math.abs(a.y - b.y) < LABEL_HEIGHT;
}
