// Uses the generated types: `node use_client.js URL`.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

const client = createClient<paths>({ baseUrl: process.argv[2] });

const health = await client.GET("/health");
assert(health.data?.status === "Healthy", "health");

const path = "/v1/flow/zero-dte/snapshot/{symbol}";
const answered = await client.GET(path, {
  params: { path: { symbol: "SPX" }, query: { strike_range: 0.01 } },
});
assert(answered.data && "regime" in answered.data, "a snapshot");
const snapshot: components["schemas"]["Snapshot"] = answered.data;
const label: string = snapshot.regime.label;
const strike: number = snapshot.strikes[0].strike;
assert(label && strike, "figures");
assert(snapshot.body.regime.label === label, "the blocks once more");

const idle = await client.GET(path, { params: { path: { symbol: "TSLA" } } });
assert(idle.data && "no_zero_dte" in idle.data, "no expiry today");

const series = await client.GET("/v1/flow/zero-dte/series/{symbol}", {
  params: { path: { symbol: "SPX" }, query: { bar: "1m", minutes: 30 } },
});
assert(series.data?.bars[0].t, "a bar");

const board = await client.GET("/v1/flow/zero-dte/leaderboard", {
  params: { query: { metric: "heat", n: 5 } },
});
assert(board.data?.entries[0].rank, "a rank");

const unknown = await client.GET(path, { params: { path: { symbol: "XYZ" } } });
assert(unknown.response.status === 404, "404");
assert(unknown.error?.error === "symbol_not_found", "the code");
console.log("all as typed");
