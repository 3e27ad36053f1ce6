/** Fills the store from the API: a whole day once, then its steps; the snapshot of any instant. */

/** @import { Store, Metric, Snapshot } from "./store.js" */
/** @import { FeedMessage } from "./feed.js" */
import { address, ApiError, FLOW, get } from "./api.js";
import { pricesOf } from "./charts/heat.js";
import { Day, endOf, SESSION_MINUTES, sessionOf, StrikeTime } from "./day.js";
import { dateOf, instant, stamp } from "./numbers.js";

const SNAPSHOTS_AHEAD = 5;
export const MOST_SYMBOLS = 9;
const RETRY_MS = 3000;
const BAR_MS = { "1m": 60_000, "5m": 300_000 };
/** Digits of dollars by strike and time: texts have three, and colours fewer. */
const DIGITS = 4;

export class Loader {
  /** @type {AbortController} */
  #day = new AbortController();
  /** @type {AbortController} */
  #heat = new AbortController();
  /** @type {Map<string, Promise<{body: any, etag: string | null}>>} */
  #past = new Map();

  /** The market's clock when it was last told, epoch ms. */
  #clock = NaN;
  #isLoading = false;
  /** Whether the key or its plan was refused: asking again would not help. */
  #isRefused = false;
  /** Whether samples came while the page was hidden. */
  #isBehind = false;

  /** @param {Store} store */
  constructor(store) {
    this.store = store;
  }

  /** The symbols of the server, by heat where the plan allows it. */
  async symbols() {
    const { body } = await get("/v1/symbols");
    this.#clock = instant(body.last_updated);
    const { date } = this.store.state;
    if (date !== null && date >= dateOf(this.#clock)) this.store.set({ date: null });
    const listed = body.symbols.map((/** @type {any} */ each) => each.symbol ?? each);
    const leaders = await get(`${FLOW}/leaderboard?n=20`).then(({ body }) => body.entries ?? [], () => []);
    const order = [...leaders.map((/** @type {any} */ entry) => entry.symbol), ...listed];
    const symbols = [...new Set(order)].filter((symbol) => listed.includes(symbol));
    this.store.set({ symbols });
    return symbols;
  }

  /** Spot and sign of each symbol, for the top bar. */
  async briefs() {
    await Promise.all(this.store.state.symbols.slice(0, MOST_SYMBOLS).map(async (symbol) => {
      const answer = await get(`${FLOW}/series/${symbol}?bar=30s&minutes=1`).catch(() => null);
      const bar = answer?.body.bars?.at(-1);
      if (bar) this.brief(symbol, bar.spot, bar.net_gex);
    }));
  }

  /** @param {string} symbol @param {number | null} spot @param {number | null} netGex */
  brief(symbol, spot, netGex) {
    this.store.state.brief.set(symbol, { spot, netGex });
    this.store.touch("brief");
  }

  /** The instant whose answers are asked for: null for the server's own now. */
  get asked() {
    const { at, date } = this.store.state;
    if (at !== null) return at;
    return date === null ? null : endOf(date);
  }

  /** Load the day again, without taking away what is shown until it is here. */
  reload() {
    return this.#load();
  }

  /** Load the day of the symbol, and what stands at the instant looked at. */
  async load() {
    this.store.set({ snapshot: null, day: null, problem: null, lastSession: null, next: null, locked: null, cursor: null });
    await this.#load();
  }

  async #load() {
    this.#day.abort();
    this.#day = new AbortController();
    this.#past.clear();
    const { signal } = this.#day;
    const { symbol } = this.store.state;
    const asked = this.asked;
    const until = this.#until();
    this.#isLoading = true;
    this.#isRefused = false;
    try {
      // Of a past day the hours cannot be told from its end; those of today are in its snapshot.
      const [snapshot, series] = await Promise.all([
        get(this.#snapshotAddress(asked), signal),
        get(address(`${FLOW}/series/${symbol}`, { bar: "30s", minutes: SESSION_MINUTES, at: until }), signal),
        this.store.state.date === null ? null : this.sessions(),
      ]);
      if (signal.aborted) return;
      if (!snapshot.body.regime) {
        this.#isLoading = false;
        this.store.set({ snapshot: null, day: null, problem: snapshot.body.message, lastSession: snapshot.body.last_session ?? null });
        await Promise.all([this.#nextSession(symbol, signal), this.sessions()]);
        return;
      }
      // A root stands for its symbol: SPXW for SPX.
      if (snapshot.body.symbol !== symbol) this.store.set({ symbol: snapshot.body.symbol });
      const [open, close] = this.#hoursOf(snapshot.body);
      const day = new Day(snapshot.body.symbol, open, close);
      day.take(series.body.bars ?? []);
      day.gaps = (series.body.gap_intervals ?? []).map((/** @type {any} */ gap) =>
        ({ from: instant(gap.start), to: instant(gap.end), reason: gap.reason ?? "" }));
      this.#isLoading = false;
      this.store.set({ snapshot: snapshot.body, etag: snapshot.etag, day, problem: null, lastSession: null, next: null });
      await this.heat(60);
      await this.traded();
      if (this.store.state.date === null) await this.sessions();
    } catch (error) {
      if (signal.aborted) return;
      this.#isLoading = false;
      this.#isRefused = error instanceof ApiError && [401, 403, 429].includes(error.status);
      this.store.set({ problem: error instanceof Error ? error.message : String(error) });
      // A market that warms up, or a server that starts again, answers soon.
      const isPassing = error instanceof ApiError && (error.status === 0 || error.status === 503);
      if (isPassing) setTimeout(() => { if (!signal.aborted) void this.#load(); }, RETRY_MS);
    }
  }

  /** The sessions that can be shown, the newest first. */
  async sessions() {
    const answer = await get("/v1/sessions").catch(() => null);
    if (answer) this.store.set({ sessions: answer.body.sessions });
  }

  /** Whether a date's session is the one that is looked at live. @param {string} date */
  isRunning(date) {
    const { sessions: [own], lastSession } = this.store.state;
    return date === own?.date && date !== lastSession && !(this.#clock >= instant(own.close));
  }

  /** The open and close of the session of a snapshot, epoch ms. @param {Snapshot} snapshot @returns {[number, number]} */
  #hoursOf(snapshot) {
    const listed = this.store.state.sessions.find(({ date }) => date === snapshot.expiration);
    return listed ? [instant(listed.open), instant(listed.close)] : sessionOf(snapshot);
  }

  /** What is known of the next expiry. @param {string} symbol @param {AbortSignal} signal */
  async #nextSession(symbol, signal) {
    const answer = await get(`/v1/exposure/zero-dte/${symbol}?strike_range=0.001`, signal).catch(() => null);
    if (!signal.aborted) this.store.set({ next: answer?.body.next_session ?? null });
  }

  /** The path of a snapshot, with what the page shows of it. @param {number | null} at epoch ms */
  #snapshotAddress(at) {
    const { symbol, profile } = this.store.state;
    return address(`${FLOW}/snapshot/${symbol}`, { at: at === null ? null : stamp(at), inventory: profile === "inventory" ? 1 : null });
  }

  /** The last instant of the day that has answers, for those that ask `at`. */
  #until() {
    const { date } = this.store.state;
    return date === null ? null : stamp(endOf(date));
  }

  /** Load the map of the metric: its last minutes first if so told, then all. @param {number} [first] minutes */
  async heat(first) {
    this.#heat.abort();
    this.#heat = new AbortController();
    const { signal } = this.#heat;
    const { day, metric, mode, bar, symbol } = this.store.state;
    if (!day) return;
    day.heat = new StrikeTime(day.open, BAR_MS[bar]);
    this.store.touch("day");
    const ask = async (/** @type {number} */ minutes, /** @type {[number, number] | null} */ prices = null) => {
      const { body } = await get(mapAddress(symbol, metric, mode, bar, minutes, this.#until(), prices), signal);
      if (signal.aborted || this.store.state.day !== day) return;
      // A new map, because the colours of the day follow from all its strikes.
      const heat = new StrikeTime(day.open, BAR_MS[bar]);
      heat.take(body.strikes_grid ?? [], body.bars ?? [], column);
      day.heat = heat;
      this.store.touch("day");
    };
    try {
      if (first && this.store.state.date === null) await ask(first, pricesOf(this.store));
      await ask(SESSION_MINUTES);
      this.store.set({ locked: null });
    } catch (error) {
      if (!signal.aborted) this.store.set({ locked: error instanceof ApiError ? error : new ApiError(0, "fault", String(error)) });
    }
  }

  /** Load what was traded by strike. */
  async traded() {
    const { day, symbol } = this.store.state;
    if (!day) return;
    const path = address(`${FLOW}/strike-flow/${symbol}`, { minutes: SESSION_MINUTES, at: this.#until(), digits: DIGITS });
    const answer = await get(path, this.#day.signal).catch(() => null);
    if (!answer || this.store.state.day !== day) return;
    day.traded = new StrikeTime(day.open, BAR_MS["1m"]);
    day.traded.take(answer.body.strikes_grid ?? [], answer.body.bars ?? [], dealersGamma);
    this.store.touch("day");
  }

  /** Show what stood at an instant: a whole bar of the day. */
  async snapshot() {
    const { symbol } = this.store.state;
    const asked = this.asked;
    const path = this.#snapshotAddress(asked);
    const answer = asked === null ? get(path, this.#day.signal) : this.#remembered(path);
    try {
      const { body, etag } = await answer;
      if (this.asked !== asked || this.store.state.symbol !== symbol) return;
      if (body.regime) this.store.set({ snapshot: body, etag, problem: null });
    } catch (error) {
      this.#past.delete(path);
      // Of a lost server the stream tells, and the last figures stand, marked as old.
      if (error instanceof ApiError && asked !== null && this.asked === asked) this.store.set({ problem: error.message, snapshot: null, etag: null });
    }
  }

  /** Ask for the next snapshots before they are shown. */
  ahead() {
    const { at, day, speed } = this.store.state;
    if (at === null || !day) return;
    const step = Math.max(1, Math.round(speed / 30));
    const from = day.countAt(at) - 1;
    for (let k = 1; k <= SNAPSHOTS_AHEAD; k += 1) {
      const time = day.times[from + k * step];
      if (time) void this.#remembered(this.#snapshotAddress(time)).catch(() => null);
    }
  }

  /** @param {string} path */
  #remembered(path) {
    const known = this.#past.get(path) ?? get(path);
    this.#past.set(path, known);
    known.catch(() => this.#past.delete(path));
    const [oldest] = this.#past.keys();
    if (this.#past.size > 40 && oldest !== undefined) this.#past.delete(oldest);
    return known;
  }

  /** Take a live event in. @param {Extract<FeedMessage, {kind: "event"}>} event */
  hear({ name, symbol, data }) {
    const { state } = this.store;
    if (name === "tick") {
      for (const each of data.symbols ?? [data]) {
        this.brief(each.symbol, each.spot, each.net_gex);
        this.#clock = instant(each.t);
      }
      return;
    }
    if (name === "bar") this.brief(symbol, data.spot, data.net_gex);
    if (symbol !== state.symbol || state.date !== null || this.#isLoading) return;
    if (name === "skipped") {
      if (!this.#isRefused) void this.reload();
    } else if (name === "bar" && !state.day) {
      if (state.problem !== null && !this.#isRefused) void this.reload();
    } else if (name === "bar" && state.day) {
      const time = instant(data.t);
      const isNewDay = dateOf(time) !== dateOf(state.day.open);
      if (isNewDay && state.at !== null) this.store.set({ date: dateOf(state.day.open) });
      else if (isNewDay) void this.load();
      else if (state.day.append(data)) void this.reload();
      else this.store.touch("day");
    } else if (name === "snapshot" && data.regime) {
      // Nobody looks: what events do not bring is asked for when somebody does.
      if (document.hidden) this.#isBehind = true;
      else if (state.day && !this.#isRefused && (instant(data.as_of) - state.day.open) % BAR_MS[state.bar] === 0) void this.#column(instant(data.as_of));
      if (state.at !== null) return;
      // An event has no strikes: those of the last answer stand until the next one is here.
      const { snapshot } = state;
      // A stream begins with the sample that has just been answered.
      if (snapshot && snapshot.symbol === symbol && instant(data.as_of) <= instant(snapshot.as_of)) return;
      const strikes = snapshot?.dealer_inventory?.strikes;
      const inventory = data.dealer_inventory && { ...data.dealer_inventory, ...(strikes && { strikes }) };
      this.store.set({ snapshot: { ...data, dealer_inventory: inventory, strikes: snapshot?.strikes ?? [] }, etag: null });
      if (!this.#isRefused && !document.hidden) void this.snapshot();
    }
  }

  /** Ask for what was left out while nobody looked. */
  catchUp() {
    const { day, date, at } = this.store.state;
    if (!this.#isBehind || document.hidden) return;
    this.#isBehind = false;
    if (!day || date !== null || this.#isRefused) return;
    void this.#column(day.times.at(-1) ?? day.open);
    if (at === null) void this.snapshot();
  }

  /** Ask for the columns of the map and of what was traded that are missing up to now. @param {number} now epoch ms */
  async #column(now) {
    const { day, metric, mode, bar, symbol } = this.store.state;
    const heat = day?.heat;
    if (!day || !heat) return;
    const minutes = heat.missing(now);
    const answer = await get(mapAddress(symbol, metric, mode, bar, minutes, null)).catch(() => null);
    if (answer && day.heat === heat) heat.take(answer.body.strikes_grid ?? [], answer.body.bars ?? [], column);
    if (!day.traded) return;
    const path = address(`${FLOW}/strike-flow/${symbol}`, { minutes: day.traded.missing(now), digits: DIGITS });
    const traded = await get(path).catch(() => null);
    if (traded) day.traded.take(traded.body.strikes_grid ?? [], traded.body.bars ?? [], dealersGamma);
    this.store.touch("day");
  }
}

/**
 * @param {string} symbol @param {Metric} metric @param {string} mode @param {string} bar
 * @param {number} minutes @param {string | null} at @param {[number, number] | null} [prices] all strikes without them
 */
function mapAddress(symbol, metric, mode, bar, minutes, at, prices = null) {
  const strikes = prices && prices.map((price) => Math.max(0, Math.round(price))).join("-");
  return address(`${FLOW}/heatmap/${symbol}`, { metric, mode, bar, minutes, at, digits: DIGITS, strikes });
}

/** @param {any} bar of a heatmap @returns {(number | null)[]} */
function column(bar) {
  return bar.values;
}

/** Customers' signed gamma from the dealers' side. @param {any} bar @returns {(number | null)[]} */
function dealersGamma(bar) {
  return bar.signed_gamma_dollars.map((/** @type {number | null} */ value) => (value === null ? null : -value));
}

