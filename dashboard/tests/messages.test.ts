import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generateTypes } from "../scripts/generate.mjs";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

test("the committed types are those of the committed schema", async () => {
  expect(read("src/messages.ts")).toBe(await generateTypes(read("schema/page.json")));
});
