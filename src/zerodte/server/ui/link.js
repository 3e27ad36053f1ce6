/** The page's end of the stream: by the shared worker, or by itself where there is none. */

/** @import { FeedMessage, FeedRequest } from "./feed.js" */
import { Feed } from "./feed.js";

const WORKER = new URL("./feed.worker.js", import.meta.url).href;

/** The one policy of Trusted Types: it lets exactly the worker's address pass. */
function workerAddress() {
  const types = /** @type {any} */ (globalThis).trustedTypes;
  if (!types) return WORKER;
  const policy = types.createPolicy("ui", {
    createScriptURL: (/** @type {string} */ url) => {
      if (url !== WORKER) throw new TypeError("not the page's worker");
      return url;
    },
  });
  return policy.createScriptURL(WORKER);
}

/**
 * Open the page's end.
 * @param {(message: FeedMessage) => void} hear
 * @returns {(request: FeedRequest) => void} says what to stream
 */
export function openLink(hear) {
  if (typeof SharedWorker === "undefined") {
    const feed = new Feed(hear);
    return (request) => feed.follow(request);
  }
  const { port } = new SharedWorker(workerAddress(), { type: "module", name: "zerodte" });
  port.addEventListener("message", ({ data }) => hear(data));
  port.start();
  addEventListener("pagehide", () => port.postMessage("bye"));
  /** @type {FeedRequest | null} */
  let last = null;
  addEventListener("pageshow", (event) => { if (event.persisted && last) port.postMessage(last); });
  return (request) => {
    last = request;
    port.postMessage(request);
  };
}
