/** The top bar: symbols, the mark of a simulated market, the clock, and the state of the data. */

/** @import { Store } from "../store.js" */
import { fill, h } from "../dom.js";
import { age, clock, dateOf, dayName, duration, instant, isKnown, price, UNKNOWN } from "../numbers.js";
import { nowOf } from "../charts/heat.js";

const SHOWN = 9;
const SAMPLE_MS = 30_000;
/** A sample is due each 30 s; it is late when half as long again has passed. */
const LATE_MS = SAMPLE_MS + 45_000;

/**
 * @param {Store} store
 * @param {(symbol: string) => void} choose
 * @param {...Element} tools buttons at the end
 */
export function topBar(store, choose, ...tools) {
  const symbols = h("nav", { class: "symbols", "aria-label": "Symbols" });
  const mark = h("span", { class: "simulated", hidden: true }, "SIMULATED · not market data");
  const past = h("span", { class: "past", hidden: true });
  const time = h("span", { class: "clock" });
  const word = h("span", { role: "status" });
  const since = h("span", { "aria-hidden": "true" });
  const state = h("span", { class: "state" }, word, since);
  const quality = h("span", { class: "quality" });
  const lostWord = h("span", { role: "alert" });
  const lostSince = h("span", { "aria-hidden": "true" });
  const lost = h("div", { class: "lost", hidden: true }, lostWord, " ", lostSince);

  /** @type {Map<string, {button: HTMLButtonElement, spot: HTMLElement, gamma: HTMLElement}>} */
  const shown = new Map();
  const more = h("select", { "aria-label": "More symbols", hidden: true, onchange: () => choose(more.value) });

  // Elements stay while their texts change, so that none loses the focus.
  store.on(["symbols"], () => {
    const { symbols: all } = store.state;
    shown.clear();
    all.slice(0, SHOWN).forEach((symbol, index) => {
      const spot = h("span", { class: "spot" });
      const gamma = h("span", { class: "gamma", title: "sign of net gamma" });
      const button = h("button", { type: "button", onclick: () => choose(symbol) },
        h("kbd", null, index + 1), h("b", null, symbol), spot, gamma);
      shown.set(symbol, { button, spot, gamma });
    });
    more.hidden = all.length <= SHOWN;
    fill(more, h("option", { value: "" }, `${Math.max(0, all.length - SHOWN)} more`),
      ...all.slice(SHOWN).map((symbol) => h("option", { value: symbol }, symbol)));
    fill(symbols, ...[...shown.values()].map(({ button }) => button), more);
  });
  store.on(["symbols", "brief", "symbol", "at", "date", "snapshot"], () => {
    const { brief, symbol: current, at, date, snapshot } = store.state;
    const isPast = at !== null || date !== null;
    const own = snapshot?.symbol === current ? { spot: snapshot.underlying_price, netGex: snapshot.exposures.net_gex } : null;
    for (const [symbol, { button, spot: spotText, gamma }] of shown) {
      // What other symbols were then is not known here.
      const { spot, netGex } = (isPast ? symbol === current && own : brief.get(symbol)) || { spot: null, netGex: null };
      const tone = !isKnown(netGex) || netGex === 0 ? "" : netGex > 0 ? "positive" : "negative";
      button.setAttribute("aria-pressed", String(symbol === current));
      say(spotText, price(spot));
      gamma.className = `gamma ${tone}`;
      say(gamma, tone === "positive" ? "+γ" : tone === "negative" ? "−γ" : "?γ");
    }
    more.value = shown.has(current) ? "" : current;
  });

  function show() {
    const { snapshot, link, at, date, day, problem } = store.state;
    const isSimulated = snapshot?.source === "simulated";
    const isPast = at !== null || date !== null;
    document.documentElement.classList.toggle("is-simulated", isSimulated);
    mark.hidden = !isSimulated;
    past.hidden = !isPast || !snapshot;
    if (isPast && snapshot) {
      past.textContent = `PAST ${clock(instant(snapshot.as_of))}, digest ${snapshot.metadata.inputs_digest ?? UNKNOWN}`;
    }
    document.documentElement.classList.toggle("is-past", isPast);
    fill(time, ...(snapshot
      ? [h("b", null, `${clock(instant(snapshot.as_of))} ET`), " ", h("small", null, `${duration(snapshot.time_to_close_hours)} to close`)]
      : []));
    const { text, age: old, tone } = isPast ? { text: "past", age: "", tone: "blue" } : stateOf(link, day?.times.at(-1) ?? null, snapshot?.market_open ?? false);
    state.className = `state ${tone}`;
    say(word, `● ${text}`);
    since.textContent = old;
    quality.textContent = snapshot ? `quality ${snapshot.metadata.data_quality_score ?? UNKNOWN}` : "";
    const isLost = link.state === "lost" || link.state === "denied";
    lost.hidden = isPast || !isLost;
    document.documentElement.classList.toggle("is-lost", !isPast && isLost);
    if (isLost) {
      const wait = Math.max(0, Math.ceil((link.retryAt - Date.now()) / 1000));
      const silent = link.heard ? `No answer since ${clock(link.heard)}` : "No answer yet";
      say(lostWord, link.state === "denied" ? link.text : store.state.day ? `${silent}; figures of ${clock(nowOf(store))}.` : `${silent}.`);
      lostSince.textContent = link.state === "denied" ? "" : wait ? `Again in ${wait} s.` : "Trying again.";
    }
    document.title = titleOf(store);
    const current = link.state === "live" && tone === "amber" ? "late" : link.state;
    document.documentElement.dataset.state = isPast ? "past" : problem && !isLost ? "problem" : current;
  }
  store.on(["snapshot", "link", "at", "date", "day", "problem", "symbol"], show);
  setInterval(show, 1000);
  return [lost, h("header", { class: "top" }, h("h1", null, "zerodte"), symbols, mark, past, time, state, quality, ...tools)];
}

/** Write a text where it is another, so that screen readers hear changes only. @param {Element} element @param {string} text */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Store["state"]["link"]} link @param {number | null} last epoch ms of the market @param {boolean} isOpen */
function stateOf(link, last, isOpen) {
  if (link.state === "lost") return { text: "lost", age: "", tone: "poor" };
  if (link.state === "denied") return { text: "not allowed", age: "", tone: "poor" };
  if (link.state === "connecting") return { text: "connecting", age: "", tone: "muted" };
  if (!isOpen) return { text: "closed", age: "", tone: "muted" };
  const silent = Date.now() - link.sampled;
  if (last !== null && silent > LATE_MS) return { text: "no sample", age: ` for ${age(silent)}`, tone: "amber" };
  return { text: "live", age: link.heard ? `, ${age(Date.now() - link.heard)} old` : "", tone: "good" };
}

/** @param {Store} store */
function titleOf(store) {
  const { symbol, snapshot, at, date } = store.state;
  const spot = snapshot ? ` ${price(snapshot.underlying_price)}` : "";
  const of = at !== null || date !== null ? ` · ${snapshot ? `${dayName(instant(snapshot.as_of))} ${clock(instant(snapshot.as_of))}` : date ?? dateOf(at ?? 0)}` : "";
  return `${symbol}${spot}${of} · zerodte`;
}
