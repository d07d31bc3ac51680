import { defineConfig } from "vitest/config";

const API = process.env["LANEWATCH_API"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  build: { target: "es2022", assetsInlineLimit: 2048 },
  server: { host: "127.0.0.1", proxy: { "/api": { target: API, ws: true }, "/sign-in": API } },
  // generating the types takes seconds on a busy machine
  test: { include: ["tests/**/*.test.ts"], environment: "node", testTimeout: 60_000 },
});
