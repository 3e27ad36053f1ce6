/** The state of the page in its address, so that a link shows what its sender saw. Never the key. */

/** @import { State } from "./store.js" */
import { endOf } from "./day.js";
import { clock, dateOf, newYorkInstant } from "./numbers.js";

/** @typedef {Pick<State, "symbol" | "date" | "at" | "metric" | "mode" | "bar" | "view" | "prices" | "theme">} Shared */

/** @template {string} T @param {string | null} value @param {readonly T[]} choices @returns {T} */
function oneOf(value, choices) {
  return choices.find((choice) => choice === value) ?? choices[0];
}

/** @param {string | null} text such as 5560-5720 @returns {[number, number] | null} */
function range(text) {
  const found = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text ?? "");
  const [low, high] = [Number(found?.[1]), Number(found?.[2])];
  return found && low < high ? [low, high] : null;
}

/**
 * Read an address; what it does not say, or says wrongly, has its default.
 * @param {string} search
 * @param {"dark" | "light"} preferred
 * @returns {Shared}
 */
export function readAddress(search, preferred) {
  const query = new URLSearchParams(search);
  const day = query.get("d") ?? "";
  const date = /^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(endOf(day)) ? day : null;
  const time = /^\d{2}:\d{2}(:\d{2})?$/.test(query.get("t") ?? "") ? query.get("t") : null;
  const at = date && time ? newYorkInstant(date, time) : NaN;
  const theme = query.get("th") ?? preferred;
  return {
    symbol: (query.get("s") ?? "").trim().toUpperCase(),
    date,
    at: Number.isNaN(at) ? null : at,
    metric: oneOf(query.get("m"), ["gex", "dex", "vex", "chex", "oi", "signed_flow"]),
    mode: oneOf(query.get("mode"), ["raw", "delta"]),
    bar: oneOf(query.get("bar"), ["1m", "5m"]),
    view: oneOf(query.get("view"), ["one", "grid"]),
    prices: range(query.get("y")),
    theme: oneOf(theme, ["dark", "light"]),
  };
}

/**
 * The address of a state, from the root; defaults are left out, except for the symbol.
 * @param {Shared & {day: {open: number} | null}} state
 */
export function writeAddress({ symbol, date, at, metric, mode, bar, view, prices, theme, day }) {
  const query = new URLSearchParams();
  if (symbol) query.set("s", symbol);
  const of = date ?? (at !== null && day ? dateOf(day.open) : null);
  if (of) query.set("d", of);
  if (at !== null) query.set("t", clock(at));
  if (metric !== "gex") query.set("m", metric);
  if (mode !== "raw") query.set("mode", mode);
  if (bar !== "1m") query.set("bar", bar);
  if (view !== "one") query.set("view", view);
  if (prices) query.set("y", prices.map((price) => String(Number(price.toPrecision(6)))).join("-"));
  query.set("th", theme);
  return `/?${query.toString().replaceAll("%3A", ":")}`;
}
