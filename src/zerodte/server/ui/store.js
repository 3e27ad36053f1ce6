/** The state of the page, and who is told when it changes. */

/** @import { components } from "./schema.d.ts" */
/** @import { ApiError } from "./api.js" */
/** @import { Day } from "./day.js" */

/** @typedef {components["schemas"]["Snapshot"]} Snapshot */
/** @typedef {components["schemas"]["SeriesBar"]} Bar */
/** @typedef {components["schemas"]["NextSession"]} NextSession */
/** @typedef {components["schemas"]["SessionEntry"]} SessionEntry */

/**
 * @typedef {object} Link how the page hears from the server
 * @property {"connecting" | "live" | "late" | "lost" | "denied"} state
 * @property {string} text what a person reads
 * @property {number} heard when something last came, epoch ms of this machine
 * @property {number} sampled when a sample last came, epoch ms of this machine; 0 for never
 * @property {number} retryAt when the page tries again, epoch ms; 0 if it does not
 */

/** @typedef {"gex" | "dex" | "vex" | "chex" | "oi" | "signed_flow"} Metric */

/**
 * @typedef {object} State
 * @property {string} symbol
 * @property {string[]} symbols in the order of their keys
 * @property {Map<string, {spot: number | null, netGex: number | null}>} brief by symbol
 * @property {number | null} at the instant looked at, epoch ms; null is now
 * @property {string | null} date of a past session, yyyy-mm-dd; null is the server's own
 * @property {Metric} metric
 * @property {"raw" | "delta"} mode
 * @property {"1m" | "5m"} bar
 * @property {"since" | "30" | "5"} window of hedge flow: since the open, or rolling minutes
 * @property {"gex" | "oi" | "volume" | "inventory"} profile
 * @property {"trade" | "gex"} moves what is drawn of spots elsewhere: what dealers would trade, or net GEX
 * @property {[number, number] | null} prices the prices in view; null follows the day
 * @property {"dark" | "light"} theme
 * @property {"one" | "grid"} view
 * @property {boolean} playing
 * @property {number} speed sessions seconds per second while playing
 * @property {Snapshot | null} snapshot at the instant looked at
 * @property {string | null} etag of that snapshot
 * @property {Day | null} day
 * @property {Link} link
 * @property {string | null} problem why there is nothing to show
 * @property {string | null} lastSession the date of the last session, where there is none now
 * @property {NextSession | null} next the map of the next expiry, where no session is open
 * @property {SessionEntry[]} sessions those that can be shown, the newest first
 * @property {ApiError | null} locked why the map is not shown
 * @property {[number, number] | null} span the times in view, epoch ms; null is the whole session
 * @property {number | null} cursor the instant under the crosshair, epoch ms
 */

/** @typedef {keyof State} Name */

export class Store {
  /** @type {Map<Name, Set<() => void>>} */
  #listeners = new Map();
  /** @type {Set<Name>} */
  #changed = new Set();

  /** @param {State} state */
  constructor(state) {
    this.state = state;
  }

  /** Change some of the state; listeners are told once, before the next drawing. @param {Partial<State>} patch */
  set(patch) {
    for (const name of /** @type {Name[]} */ (Object.keys(patch))) {
      if (Object.is(this.state[name], patch[name])) continue;
      if (this.#changed.size === 0) queueMicrotask(() => this.#tell());
      this.#changed.add(name);
    }
    Object.assign(this.state, patch);
  }

  /** Say that a value has changed inside. @param {Name} name */
  touch(name) {
    if (this.#changed.size === 0) queueMicrotask(() => this.#tell());
    this.#changed.add(name);
  }

  /** Call a function now, and whenever one of the names changes. @param {Name[]} names @param {() => void} listener */
  on(names, listener) {
    for (const name of names) {
      const known = this.#listeners.get(name) ?? new Set();
      this.#listeners.set(name, known.add(listener));
    }
    listener();
  }

  #tell() {
    const changed = [...this.#changed];
    this.#changed.clear();
    const told = new Set(changed.flatMap((name) => [...(this.#listeners.get(name) ?? [])]));
    for (const listener of told) listener();
  }
}
