// Prints the bars of a stream as they come: `node stream.mjs DIST URL COUNT SYMBOL...`.
import { pathToFileURL } from "node:url";

const [dist, url, count, ...symbols] = process.argv.slice(2);
const { Client } = await import(pathToFileURL(`${dist}/index.js`).href);

let left = Number(count);
for await (const event of new Client({ url }).stream(symbols.length > 1 ? symbols : symbols[0])) {
  if (event.type !== "bar") continue;
  console.log(JSON.stringify([event.data.symbol ?? symbols[0], event.data.t, event.data.spot]));
  if ((left -= 1) === 0) break;
}
