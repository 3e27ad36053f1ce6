/** A worker that all tabs share: it owns the one stream and the key. */

/** @import { FeedMessage, FeedRequest } from "./feed.js" */
import { Feed } from "./feed.js";

/** @type {Map<MessagePort, FeedRequest>} */
const ports = new Map();
/** @type {FeedMessage | null} */
let link = null;
const feed = new Feed((message) => {
  if (message.kind === "link") link = message;
  for (const port of ports.keys()) port.postMessage(message);
});

function follow() {
  const requests = [...ports.values()];
  const symbols = [...new Set(requests.flatMap((request) => request.symbols))];
  // The key that was told last counts: an older tab may hold one that was revoked.
  feed.follow({ symbols, key: requests.map((request) => request.key).findLast((key) => key) ?? "" });
}

self.addEventListener("connect", (event) => {
  const [port] = /** @type {MessageEvent} */ (event).ports;
  port.addEventListener("message", ({ data }) => {
    const before = ports.get(port);
    ports.delete(port);
    if (data !== "bye") ports.set(port, data);
    // A key that is forgotten in one tab is forgotten in all.
    if (before?.key && data.key === "") {
      for (const request of ports.values()) request.key = request.key === before.key ? "" : request.key;
    }
    if (ports.size === 0) feed.close();
    else follow();
    if (link) port.postMessage(link);
  });
  port.start();
});
