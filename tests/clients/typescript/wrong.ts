// What the types must refuse; the compiler names this file's faults.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const client = createClient<paths>({ baseUrl: "" });
await client.GET("/v1/flow/zero-dte/series/{symbol}", {
  params: { path: { symbol: "SPX" }, query: { bar: "2m" } },
});
const health = await client.GET("/health");
export const state: "well" = health.data!.status;
