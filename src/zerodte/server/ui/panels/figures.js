/** Small figures within the text of a card. */

/** @import { Snapshot } from "../store.js" */
import { h } from "../dom.js";
import { isKnown, money } from "../numbers.js";

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} tag @param {Record<string, string | number>} attributes @param {...Element} children */
function s(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * Both books on one axis: net GEX by the convention, and of the inventory with its interval.
 * @param {number | null} convention dollars per 1% move
 * @param {Snapshot["dealer_inventory"]} inventory
 */
export function booksFigure(convention, inventory) {
  const [low, high] = [inventory?.net_gex_low, inventory?.net_gex_high];
  const ends = [0, convention, low, high].filter(isKnown);
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  const size = to - from || 1;
  const x = (/** @type {number} */ value) => 2 + 96 * (value - from) / size;
  const parts = [];
  if (isKnown(low) && isKnown(high)) {
    parts.push(s("rect", { class: "interval", x: x(low), y: 13, width: Math.max(0.5, x(high) - x(low)), height: 5 }));
  }
  if (isKnown(inventory?.net_gex)) parts.push(s("rect", { class: "ink", x: x(inventory.net_gex) - 0.4, y: 11.5, width: 0.8, height: 8 }));
  if (isKnown(convention)) {
    const tone = convention > 0 ? "positive" : "negative";
    parts.push(s("rect", { class: tone, x: Math.min(x(0), x(convention)), y: 4, width: Math.max(0.6, Math.abs(x(convention) - x(0))), height: 6 }));
  }
  parts.push(s("line", { class: "zero", x1: x(0), x2: x(0), y1: 1, y2: 21 }));
  const figure = s("svg", { class: "books", viewBox: "0 0 100 22", preserveAspectRatio: "none", role: "img" }, ...parts);
  figure.setAttribute("aria-label", `Net GEX by the convention ${money(convention)}, of the positions inferred from trades ${money(inventory?.net_gex)}`);
  return figure;
}

/** A row with a bar. @param {string} name @param {number | null | undefined} value @param {number} most @param {string} text */
export function meter(name, value, most, text) {
  const share = isKnown(value) ? Math.max(0, Math.min(100, 100 * value / most)) : 0;
  const tone = share >= 80 ? "good" : share >= 40 ? "amber" : "poor";
  const bar = s("svg", { class: `meter ${tone}`, viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { class: "track", x: 0, y: 0, width: 100, height: 10, rx: 5 }), s("rect", { class: "share", x: 0, y: 0, width: share, height: 10, rx: 5 }));
  return h("tr", null, h("th", { scope: "row" }, name), h("td", null, /** @type {any} */ (bar)), h("td", null, text));
}
