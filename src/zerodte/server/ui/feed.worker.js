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
  feed.follow({ symbols, key: requests.map((request) => request.key).find((key) => key) ?? "" });
}

self.addEventListener("connect", (event) => {
  const [port] = /** @type {MessageEvent} */ (event).ports;
  port.addEventListener("message", ({ data }) => {
    if (data === "bye") ports.delete(port);
    else ports.set(port, data);
    if (ports.size === 0) feed.close();
    else follow();
    if (link) port.postMessage(link);
  });
  port.start();
});
