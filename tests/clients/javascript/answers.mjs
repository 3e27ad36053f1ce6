// What answers are to the client: `node answers.mjs DIST URL KEY`.
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const [dist, url, key] = process.argv.slice(2);
const { ApiError, Client } = await import(pathToFileURL(`${dist}/index.js`).href);

const FLOW = "/v1/flow/zero-dte";
let sent = [];
const counted = async (...request) => {
  const response = await fetch(...request);
  sent.push(response.status);
  return response;
};
const client = new Client({ url: `${url}/`, key, fetch: counted });

const snapshot = await client.get(`${FLOW}/snapshot/{symbol}`, { symbol: "SPX", strike_range: 0.01 });
assert.equal(typeof snapshot.regime.label, "string");
const again = await client.get(`${FLOW}/snapshot/{symbol}`, { symbol: "SPX", strike_range: 0.01 });
assert.equal(again, snapshot, "an unchanged answer is the same object");
assert.deepEqual(sent, [200, 304]);

const board = await client.get(`${FLOW}/leaderboard`);
assert.ok(board.entries.length > 0);
const { bars } = await client.get(`${FLOW}/series/{symbol}`, { symbol: "SPX", bar: "1m", minutes: 30 });
assert.ok(bars[0].t);

sent = [];
const refused = async (call, status, code) => {
  await assert.rejects(call, (fault) => {
    assert.ok(fault instanceof ApiError, String(fault));
    assert.equal(fault.status, status);
    assert.equal(fault.code, code);
    assert.ok(!fault.message.includes(key));
    return true;
  });
};
await refused(client.get(`${FLOW}/snapshot/{symbol}`, { symbol: "XYZ" }), 404, "symbol_not_found");
await refused(client.get(`${FLOW}/series/{symbol}`, { symbol: "SPX", bar: "7m" }), 400, "invalid_bar");
const stranger = new Client({ url, key: "nobody", fetch: counted });
await refused(stranger.get(`${FLOW}/snapshot/{symbol}`, { symbol: "SPX" }), 401, "unauthorized");
await refused(stranger.stream("SPX").next(), 401, "unauthorized");
assert.equal(sent.length, 4, "an error that lasts is not asked for again");
await assert.rejects(client.get(`${FLOW}/snapshot/{symbol}`), TypeError);
console.log("all as written");
