// What failures are to the client: `node failures.mjs DIST URL`. The paths say what goes wrong.
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const [dist, url] = process.argv.slice(2);
const { ApiError, Client, ConnectionError } = await import(pathToFileURL(`${dist}/index.js`).href);
const at = (place, options) => new Client({ url: `${url}/${place}`, ...options });

assert.deepEqual(await at("busy").get("/v1/symbols"), { tried: 3 });
assert.deepEqual(await at("cut").get("/v1/symbols"), { tried: 2 });
const began = performance.now();
assert.deepEqual(await at("wait").get("/v1/symbols"), { tried: 2 });
assert.ok(performance.now() - began >= 1_000, "it waits as long as it is told");
await assert.rejects(at("spent").get("/v1/symbols"), (fault) => {
  assert.ok(fault instanceof ApiError);
  assert.deepEqual([fault.status, fault.code, fault.retryAfter], [429, "Quota exceeded", 3_600]);
  return true;
});
await assert.rejects(at("mute", { timeout: 200 }).get("/v1/symbols"), ConnectionError);
const ended = AbortSignal.timeout(100);
await assert.rejects(at("mute").get("/v1/symbols", {}, { signal: ended }), (fault) => fault === ended.reason);
await assert.rejects(new Client({ url: "http://127.0.0.1:1" }).get("/v1/symbols"), (fault) => {
  assert.ok(fault instanceof ConnectionError);
  assert.ok(fault.message.includes("127.0.0.1:1"));
  return true;
});
console.log("all as written");
