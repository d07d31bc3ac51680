import { expect, test } from "vitest";
import { retryDelayMs } from "../src/backoff";
import { age, bounded, clockTime, duration, interval, shortDuration } from "../src/figures";
import { decodePicture, decodeStreamFrame } from "../src/frames";
import { ageS, freshness } from "../src/freshness";
import { chooseLanguage, nameIn } from "../src/i18n";
import { en } from "../src/i18n/en";
import { vi } from "../src/i18n/vi";
import { measured } from "./builders";

test("durations are read at a glance", () => {
  const texts = [0, 45, 59.6, 754, 3540, 3660, 7500].map((seconds) => duration(seconds, en.units));
  expect(texts).toEqual(["0 min", "45 s", "1 min", "13 min", "59 min", "1 h 01", "2 h 05"]);
  expect(duration(754, vi.units)).toBe("13 phút");
  expect([12, 754, 3900].map(shortDuration)).toEqual(["12″", "13′", "1h05"]);
});

test("intervals are whole minutes round the value", () => {
  expect(interval(500, 1100, en.units)).toBe("8–19 min");
  expect(interval(60, 60, en.units)).toBe("1 min");
});

test("ages begin at one second and never run backwards", () => {
  expect([0.2, 1.2, 75].map((seconds) => age(seconds, en.units))).toEqual(["1 s", "2 s", "1 min"]);
  expect(ageS(101, 100)).toBe(0);
});

test("data is live below three seconds and lost from thirty on", () => {
  expect([null, 0, 2.9, 3, 29.9, 30].map(freshness)).toEqual(["lost", "live", "live", "stale", "stale", "lost"]);
});

test("a lower bound looks like one", () => {
  expect([bounded("9", true), bounded("9", false)]).toEqual(["≥ 9", "9"]);
});

test("times are the gate's", () => {
  expect(clockTime(1767225600, "vi-VN", "Asia/Ho_Chi_Minh")).toBe("07:00:00");
});

test("the remembered language goes before the browser's, English is the last resort", () => {
  expect(chooseLanguage(null, ["vi-VN", "en"])).toBe("vi");
  expect(chooseLanguage("en", ["vi-VN"])).toBe("en");
  expect(chooseLanguage(null, ["zh-CN"])).toBe("zh");
  expect(chooseLanguage(null, ["lo", "fr-FR"])).toBe("en");
});

test("a name without the page's language falls back", () => {
  expect(nameIn({ vi: "Cửa khẩu", en: "Gate" }, "vi")).toBe("Cửa khẩu");
  expect(nameIn({ zh: "口岸" }, "vi")).toBe("口岸");
  expect(nameIn({}, "en")).toBe("");
});

test("attempts to connect spread out up to ten seconds", () => {
  expect([retryDelayMs(0, 0), retryDelayMs(0, 1), retryDelayMs(3, 1), retryDelayMs(50, 1)]).toEqual([250, 500, 4000, 10_000]);
});

test("frames of the stream carry a position beside the message", () => {
  const message = measured();
  expect(decodeStreamFrame(JSON.stringify({ position: "5-0", message }))).toEqual({ message, position: "5-0" });
  expect(decodeStreamFrame(JSON.stringify(message))).toBeNull();
});

test("what is not a message or a picture is passed over", () => {
  expect(["", "null", "[]", '{"type":"x"}'].map(decodeStreamFrame)).toEqual([null, null, null, null]);
  expect(decodePicture('{"frame":1}')).toBeNull();
});
