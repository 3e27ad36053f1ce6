// What the types allow and what they do not; the compiler reads it, nobody runs it.
import { Client } from "./dist/index.js";

const client = new Client();
const heatmap = await client.get("/v1/flow/zero-dte/heatmap/{symbol}", { symbol: "SPX", metric: "gex" });
export const strikes: number[] = heatmap.strikes_grid;
const snapshot = await client.get("/v1/flow/zero-dte/snapshot/{symbol}", { symbol: "SPX" });
if ("regime" in snapshot) {
  const flip: number | null | undefined = snapshot.regime.gamma_flip;
  // @ts-expect-error it may be null
  const sure: number = snapshot.regime.gamma_flip;
  console.log(flip, sure);
}
// @ts-expect-error there may be no chain today
console.log(snapshot.regime);
// @ts-expect-error no such path
await client.get("/v1/flow/zero-dte/heatmaps/{symbol}", { symbol: "SPX" });
// @ts-expect-error no such metric
await client.get("/v1/flow/zero-dte/heatmap/{symbol}", { symbol: "SPX", metric: "gamma" });
// @ts-expect-error the symbol is missing
await client.get("/v1/flow/zero-dte/heatmap/{symbol}");
// @ts-expect-error a page is no JSON
await client.get("/table");
for await (const event of client.stream(["SPX", "SPY"], { ticks: true })) {
  if (event.type === "tick") console.log(event.data.symbols[0]?.spot);
  // @ts-expect-error not every event is a bar
  console.log(event.data.t);
}
