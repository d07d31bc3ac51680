/** Where labels go over a picture: the first ones get their place, a label that would cover another is left out. Pure. */

export interface Wanted {
  key: string;
  text: string;
  /** Lower left corner, in pixels of the picture as shown. */
  x: number;
  y: number;
}

export interface Label {
  key: string;
  text: string;
  x: number;
  y: number;
  width: number;
}

export const LABEL_HEIGHT = 18;
const LETTER_WIDTH = 7.1;
const PADDING = 9;

/** The labels that fit, each kept inside a picture of `width`; those that come first matter most. */
export function placeLabels(wanted: readonly Wanted[], width: number): Label[] {
  const placed: Label[] = [];
  for (const one of wanted) {
    const labelWidth = one.text.length * LETTER_WIDTH + PADDING;
    const x = Math.max(0, Math.min(one.x, width - labelWidth));
    const label = { key: one.key, text: one.text, x, y: Math.max(LABEL_HEIGHT, one.y), width: labelWidth };
    if (!placed.some((other) => overlap(label, other))) placed.push(label);
  }
  return placed;
}

function overlap(a: Label, b: Label): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && Math.abs(a.y - b.y) < LABEL_HEIGHT;
}
