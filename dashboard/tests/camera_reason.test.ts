import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CAUSE_WORDS, cameraReason } from "../src/camera_reason";
import { vi } from "../src/i18n/vi";
import { zh } from "../src/i18n/zh";

const VISION = new URL("../../vision/", import.meta.url);

test("what a camera's reason is recognised by is what the worker says", () => {
  const files = readdirSync(VISION, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".py"));
  const source = files.map((name) => readFileSync(new URL(name, VISION), "utf8")).join("\n");
  expect(CAUSE_WORDS.filter(([words]) => !source.includes(words))).toEqual([]);
});

test.each([
  ["the camera at rtsp://10.0.0.2/s refuses the user name or password; check", "credentials", "rtsp://10.0.0.2/s"],
  ["the camera at rtsp://***@10.0.0.2/s hung up", "hung_up", "rtsp://***@10.0.0.2/s"],
  ["no stream is configured: LANEWATCH_CAMERA_MAST_URL is not set", "unset", "LANEWATCH_CAMERA_MAST_URL"],
  ["video file /v/a.mp4 is empty; record it again", "file", "/v/a.mp4"],
  ["the picture is black", "dark", ""],
] as const)("%s", (sentence, cause, what) => {
  expect(cameraReason(sentence)).toEqual({ cause, what });
  expect(vi.cameras.cause?.[cause](what)).toContain(what);
  expect(zh.cameras.cause?.[cause](what)).toContain(what);
});

test("a sentence that the page does not know is shown as it is", () => {
  expect(cameraReason("the lens is dirty")).toBeNull();
});
