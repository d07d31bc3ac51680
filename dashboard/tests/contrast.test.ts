import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(new URL("../src/styles/base.css", import.meta.url), "utf8");

/** The colours of one theme; the light one replaces some of the dark one's. */
function colours(theme: "dark" | "light"): Record<string, string> {
  const [dark = "", light = ""] = css.split(':root[data-theme="light"]');
  const read = (text: string): Record<string, string> =>
    Object.fromEntries(
      [...text.slice(0, text.indexOf("}")).matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((found) => [
        found[1] ?? "",
        found[2] ?? "",
      ]),
    );
  return theme === "dark" ? read(dark) : { ...read(dark), ...read(light) };
}

/** Relative luminance after WCAG 2. */
function luminance(hex: string): number {
  const channel = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const PAIRS = [
  ["text", "ground"],
  ["text", "panel"],
  ["text", "raised"],
  ["text", "critical-ground"],
  ["text", "warning-ground"],
  ["muted", "panel"],
  ["muted", "raised"],
  ["muted", "critical-ground"],
  ["muted", "asphalt"],
  ["critical", "raised"],
  ["critical", "critical-ground"],
  ["warning", "raised"],
  ["warning", "panel"],
  ["info", "raised"],
  ["vehicle-text", "vehicle"],
  ["tail", "panel"],
  ["truth", "panel"],
  ["truth", "asphalt"],
  ["on-severity", "critical"],
  ["on-severity", "warning"],
] as const;

test.each(["dark", "light"] as const)("every pair of colours of the %s theme reaches AA", (theme) => {
  const all = colours(theme);
  const poor = PAIRS.filter(([front, back]) => contrast(all[front] ?? "#000000", all[back] ?? "#000000") < 4.5);
  expect(poor).toEqual([]);
});
