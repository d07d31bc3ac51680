// The TypeScript types of what the page receives, made from the JSON Schema. Pure: text in, text out.
import { compile } from "json-schema-to-typescript";

const BANNER = "// Generated from dashboard/schema/page.json by `npm run types`: do not edit.";
const OPTIONS = {
  bannerComment: BANNER,
  style: { printWidth: 120 },
  unreachableDefinitions: true,
  additionalProperties: false,
};

/** JSON Schema 2020-12 as pydantic writes it, in the words of json-schema-to-typescript. */
function adapt(node) {
  if (Array.isArray(node)) return node.map(adapt);
  if (node === null || typeof node !== "object") return node;
  const { title: _title, default: _default, discriminator: _discriminator, prefixItems, properties, $defs, ...rest } = node;
  const result = mapValues(rest, adapt);
  if (prefixItems) result.items = adapt(prefixItems);
  if ($defs) result.$defs = mapValues($defs, adapt);
  if (!properties) return result;
  // pydantic writes the defaults too: every property of a message is always there
  return { ...result, properties: mapValues(properties, adapt), required: Object.keys(properties) };
}

const mapValues = (record, change) => Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));

export async function generateTypes(schemaText) {
  return compile(adapt(JSON.parse(schemaText)), "PageInput", OPTIONS);
}
