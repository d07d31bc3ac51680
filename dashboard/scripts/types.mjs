// Writes src/messages.ts from schema/page.json.
import { readFile, writeFile } from "node:fs/promises";
import { generateTypes } from "./generate.mjs";

const at = (path) => new URL(`../${path}`, import.meta.url);
await writeFile(at("src/messages.ts"), await generateTypes(await readFile(at("schema/page.json"), "utf8")));
