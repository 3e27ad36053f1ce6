/** The stream of live events: one connection for all tabs, reopened until it is closed. */

import { address, ApiError, credentials, setKey } from "./api.js";
import { createParser } from "./vendor/eventsource-parser/index.js";

/** Heartbeats come every 15 s; what says nothing for longer is gone. */
const SILENCE_MS = 22_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * @typedef {{kind: "event", name: string, symbol: string, data: any}
 *   | {kind: "link", state: "connecting" | "live" | "lost" | "denied", text: string, retryAt: number}} FeedMessage
 */
/** @typedef {{symbols: string[], key: string}} FeedRequest */

export class Feed {
  #symbols = "";
  #key = "";
  #lastId = "";
  #attempt = 0;
  /** @type {AbortController | null} */
  #connection = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(message: FeedMessage) => void} send */
  constructor(send) {
    this.send = send;
  }

  /** Stream these symbols; nothing changes if they are streamed already. @param {FeedRequest} request */
  follow({ symbols, key }) {
    const wanted = symbols.toSorted().join(",");
    if (wanted === this.#symbols && key === this.#key) return;
    this.#symbols = wanted;
    this.#key = key;
    this.#lastId = "";
    this.#attempt = 0;
    this.#open();
  }

  /** Stop streaming, until told what to follow again. */
  close() {
    this.#symbols = "";
    this.#hangUp();
  }

  #hangUp() {
    clearTimeout(this.#timer);
    this.#connection?.abort();
    this.#connection = null;
  }

  #open() {
    this.#hangUp();
    if (!this.#symbols) return;
    const connection = new AbortController();
    this.#connection = connection;
    this.#link("connecting", "connecting");
    this.#read(connection).then(
      () => this.#retry(connection, "the stream ended"),
      (error) => this.#retry(connection, error instanceof ApiError ? error.message : "no answer", error),
    );
  }

  /** @param {AbortController} connection */
  async #read(connection) {
    setKey(this.#key);
    const path = address("/v1/flow/zero-dte/stream", { symbols: this.#symbols, ticks: 1 });
    /** @type {Record<string, string>} */
    const headers = { ...credentials(), Accept: "text/event-stream" };
    if (this.#lastId) headers["Last-Event-ID"] = this.#lastId;
    this.#watch(connection);
    const answer = await fetch(path, { headers, signal: connection.signal, cache: "no-store" });
    if (!answer.ok || !answer.body) {
      const body = await answer.json().catch(() => null);
      throw new ApiError(answer.status, body?.error ?? "", body?.message ?? `the server answered ${answer.status}`);
    }
    this.#attempt = 0;
    this.#link("live", "live");
    const parser = createParser({ onEvent: (event) => this.#hear(event) });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#watch(connection);
      parser.feed(value);
    }
  }

  /** @param {{event?: string | undefined, id?: string | undefined, data: string}} event */
  #hear(event) {
    if (event.id) this.#lastId = event.id;
    const data = JSON.parse(event.data);
    this.send({ kind: "event", name: event.event ?? "message", symbol: data.symbol ?? "", data });
  }

  /** Hang up after too long a silence. @param {AbortController} connection */
  #watch(connection) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => connection.abort(), SILENCE_MS);
  }

  /** @param {AbortController} connection @param {string} reason @param {unknown} [error] */
  #retry(connection, reason, error) {
    if (this.#connection !== connection) return;
    clearTimeout(this.#timer);
    const status = error instanceof ApiError ? error.status : 0;
    if (status === 401 || status === 403) {
      this.#symbols = "";
      this.#link("denied", reason);
      return;
    }
    const wait = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** this.#attempt) * (0.75 + Math.random() / 2);
    this.#attempt += 1;
    this.#link("lost", reason, Date.now() + wait);
    this.#timer = setTimeout(() => this.#open(), wait);
  }

  /** @param {"connecting" | "live" | "lost" | "denied"} state @param {string} text @param {number} [retryAt] */
  #link(state, text, retryAt = 0) {
    this.send({ kind: "link", state, text, retryAt });
  }
}
