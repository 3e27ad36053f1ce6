/** Alerts while the page is open: rules, a log with links into replay, a count in the title. Never from the past. */

/** @import { Store, Snapshot } from "../store.js" */
import { fill, h } from "../dom.js";
import { chance, clock, instant, isKnown, money, price, words } from "../numbers.js";

const STORED = "zerodte.alerts";
const MOST_ENTRIES = 100;
const HELD_SAMPLES = 2;

/** @typedef {{regime: boolean, levels: boolean, pin: number, hedge: number, quality: number, lost: boolean, sound: boolean}} Rules */

/** @returns {Rules} */
function readRules() {
  const rules = { regime: true, levels: true, pin: 0, hedge: 0, quality: 0, lost: true, sound: false };
  try {
    return { ...rules, ...JSON.parse(localStorage.getItem(STORED) ?? "{}") };
  } catch {
    return rules;
  }
}

/** @param {number} before @param {number} now @param {number} level */
function crosses(before, now, level) {
  return (before - level) * (now - level) < 0 || (before !== level && now === level);
}

/**
 * What a snapshot gives cause to say, after the one before it.
 * @param {Rules} rules
 * @param {Snapshot} now
 * @param {Snapshot} before
 * @param {number | null} hedge dollars of the last five minutes
 * @param {number | null} hedgeBefore
 * @returns {string[]}
 */
export function causes(rules, now, before, hedge, hedgeBefore) {
  const said = [];
  const [spot, from] = [now.underlying_price, before.underlying_price];
  if (rules.levels && isKnown(spot) && isKnown(from)) {
    /** @type {[string, number | null | undefined][]} */
    const levels = [["the flip", now.regime.gamma_flip], ["the call wall", now.levels?.call_wall],
      ["the put wall", now.levels?.put_wall], ["the magnet", now.pin_risk?.magnet_strike]];
    for (const [name, level] of levels) {
      if (isKnown(level) && crosses(from, spot, level)) said.push(`spot ${price(spot)} crossed ${name} at ${price(level)}`);
    }
  }
  const above = (/** @type {number | null | undefined} */ value, /** @type {number} */ limit) => isKnown(value) && limit > 0 && value > limit;
  const [pin, pinBefore] = [now.probabilities?.pin?.value, before.probabilities?.pin?.value];
  if (above(pin, rules.pin / 100) && !above(pinBefore, rules.pin / 100)) said.push(`pin chance ${chance(pin)}`);
  const size = (/** @type {number | null} */ value) => (value === null ? null : Math.abs(value));
  if (above(size(hedge), rules.hedge * 1e6) && !above(size(hedgeBefore), rules.hedge * 1e6)) said.push(`hedge flow ${money(hedge)} in 5 minutes`);
  const [quality, qualityBefore] = [now.metadata.data_quality_score, before.metadata.data_quality_score];
  if (rules.quality > 0 && isKnown(quality) && quality < rules.quality && (qualityBefore ?? 100) >= rules.quality) said.push(`data quality ${quality}`);
  return said;
}

/** @typedef {{time: number, symbol: string, text: string}} Entry */

/** @param {Store} store @param {(entry: Entry) => void} go */
export function alertsPanel(store, go) {
  let rules = readRules();
  /** @type {Entry[]} */
  const log = [];
  let unseen = 0;
  /** @type {Snapshot | null} */
  let before = null;
  /** @type {number | null} */
  let hedgeBefore = null;
  let regime = { label: "", count: 0, said: "" };
  let wasLost = false;

  const entries = h("ol", { class: "log" });
  const form = h("form", { class: "rules", onchange: save });
  const dialog = h("dialog", { class: "alerts", "aria-label": "Alerts" }, h("h2", null, "Alerts"),
    h("p", { class: "muted" }, "While this page is open, and never from the past."), form, entries,
    h("div", { class: "row" }, h("button", { type: "button", onclick: allow }, "Allow notifications"),
      h("button", { type: "button", onclick: () => dialog.close() }, "Close")));
  const count = h("span", { class: "count", hidden: true });
  const button = h("button", { type: "button", "aria-label": "Alerts", onclick: open }, "⚑", count);

  /** @type {[keyof Rules, string][]} */
  const ticks = [["regime", "regime changed and held two samples"], ["levels", "spot crosses the flip, a wall or the magnet"],
    ["lost", "the stream is lost"], ["sound", "with a sound"]];
  /** @type {[keyof Rules, string][]} */
  const limits = [["pin", "pin chance above, %"], ["hedge", "hedge flow of 5 minutes above, $M"], ["quality", "data quality below"]];
  fill(form,
    ...ticks.map(([name, text]) => h("label", null, h("input", { type: "checkbox", name, checked: rules[name] === true }), ` ${text}`)),
    ...limits.map(([name, text]) => h("label", null, `${text} `, h("input", { type: "number", name, min: 0, value: rules[name] || "" }))));

  function save() {
    const data = new FormData(form);
    rules = /** @type {Rules} */ (Object.fromEntries([
      ...ticks.map(([name]) => [name, data.has(name)]), ...limits.map(([name]) => [name, Number(data.get(name)) || 0])]));
    localStorage.setItem(STORED, JSON.stringify(rules));
  }

  async function allow() {
    if (typeof Notification !== "undefined") await Notification.requestPermission();
  }

  function open() {
    unseen = 0;
    count.hidden = true;
    dialog.showModal();
  }

  /** @param {string} text @param {number} time */
  function say(text, time) {
    const { symbol } = store.state;
    log.unshift({ time, symbol, text });
    log.splice(MOST_ENTRIES);
    unseen += 1;
    count.textContent = String(unseen);
    count.hidden = false;
    fill(entries, ...log.map((entry) => h("li", null, h("button", { type: "button", class: "quiet", onclick: () => { dialog.close(); go(entry); } }, clock(entry.time)),
      ` ${entry.symbol}: ${entry.text}`)));
    if (typeof Notification !== "undefined" && Notification.permission === "granted") {
      new Notification(`${symbol} ${clock(time)}`, { body: text, tag: `${symbol}${text}` });
    }
    if (rules.sound) beep();
  }

  store.on(["snapshot"], () => {
    const { snapshot, at, date, day } = store.state;
    const isLive = at === null && date === null;
    if (!snapshot || !isLive || before?.symbol !== snapshot.symbol) {
      before = isLive ? snapshot : null;
      hedgeBefore = isLive && day ? day.change("hedge_flow_cumulative_all", null, 5) : null;
      regime = { label: snapshot?.regime.label ?? "", count: HELD_SAMPLES, said: snapshot?.regime.label ?? "" };
      return;
    }
    const time = instant(snapshot.as_of);
    if (time <= instant(before.as_of)) return;
    const hedge = day?.change("hedge_flow_cumulative_all", null, 5) ?? null;
    for (const text of causes(rules, snapshot, before, hedge, hedgeBefore)) say(text, time);
    const { label } = snapshot.regime;
    regime = label === regime.label ? { ...regime, count: regime.count + 1 } : { ...regime, label, count: 1 };
    if (rules.regime && regime.count === HELD_SAMPLES && label !== regime.said) say(`regime: ${words(label).toLowerCase()}`, time);
    if (regime.count >= HELD_SAMPLES) regime.said = label;
    [before, hedgeBefore] = [snapshot, hedge];
  });
  store.on(["link"], () => {
    const isLost = store.state.link.state === "lost";
    if (isLost && !wasLost && rules.lost && before) say("the stream is lost", instant(before.as_of));
    wasLost = isLost;
  });
  return { button, dialog, open };
}

function beep() {
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const level = audio.createGain();
  level.gain.value = 0.08;
  tone.connect(level).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.18);
  tone.onended = () => { void audio.close(); };
}
