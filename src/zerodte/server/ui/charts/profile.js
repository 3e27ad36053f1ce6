/** By strike, on the map's price axis: calls and puts pale, net solid; and what was traded today. */

/** @import uPlot from "../vendor/uPlot.esm.js" */
/** @import { Store } from "../store.js" */
import { count, isKnown, money } from "../numbers.js";
import { drawing, inkOf, inks } from "./canvas.js";
import { nowOf } from "./heat.js";

const TEN_MINUTES = 600_000;
const LEGEND_HEIGHT = 14;

/**
 * @typedef {object} Row
 * @property {number} strike
 * @property {number | null} net
 * @property {number | null} call
 * @property {number | null} put
 * @property {number | null} before what net was
 * @property {[number, number] | null} [interval] in which net lies
 */

/** The rows of the chosen profile. @param {Store} store @returns {Row[]} */
export function profileRows(store) {
  const { snapshot, profile, day, metric, mode } = store.state;
  const heat = metric === "gex" && mode === "raw" && profile === "gex" ? day?.heat : null;
  const before = heat?.lastAt(nowOf(store) - TEN_MINUTES) ?? null;
  const places = new Map(heat?.strikes.map((strike, index) => [strike, index]));
  if (profile === "inventory") return inventoryRows(store);
  return (snapshot?.strikes ?? []).map((row) => {
    const { strike } = row;
    if (profile === "gex") {
      const place = places.get(strike);
      const old = before && place !== undefined ? before[place] : null;
      return { strike, net: row.net_gex, call: row.call_gex, put: row.put_gex, before: old };
    }
    const [call, put] = profile === "oi" ? [row.call_oi, row.put_oi] : [row.call_volume, row.put_volume];
    return { strike, net: null, call, put: isKnown(put) ? -put : null, before: null };
  });
}

/** Dealers' inferred positions by strike with their intervals, over the convention's. @param {Store} store @returns {Row[]} */
function inventoryRows(store) {
  const { snapshot } = store.state;
  const convention = new Map((snapshot?.strikes ?? []).map((row) => [row.strike, row.net_gex]));
  return (snapshot?.dealer_inventory?.strikes ?? []).map((row) => ({
    strike: /** @type {number} */ (row.strike), net: row.net_gex, call: convention.get(/** @type {number} */ (row.strike)) ?? null, put: null, before: null,
    interval: isKnown(row.net_gex_low) && isKnown(row.net_gex_high) ? [row.net_gex_low, row.net_gex_high] : null,
  }));
}

/**
 * @param {Store} store
 * @param {uPlot} heat whose price axis this shares
 */
export function profileChart(store, heat) {
  return drawing("Exposure by strike", (context, width, height) => {
    const rows = profileRows(store);
    const { profile } = store.state;
    const isGex = profile === "gex" || profile === "inventory";
    const text = isGex ? money : count;
    drawRows(context, width, height - LEGEND_HEIGHT, heat, rows, text);
    drawLevels(context, width, heat, store);
    drawLegend(context, width, height, LEGENDS[profile]);
  });
}

/** @typedef {["pale" | "solid" | "dot" | "line" | "none", string]} Mark */
/** @type {Mark[]} */
const SIDES = [["none", "◂ puts"], ["none", "calls ▸"]];
/** @type {Record<import("../store.js").State["profile"], Mark[]>} */
const LEGENDS = {
  gex: [["pale", "calls, puts"], ["solid", "net"], ["dot", "10 min ago"]],
  oi: SIDES,
  volume: SIDES,
  inventory: [["pale", "convention"], ["solid", "inferred"], ["line", "90%"]],
};

/**
 * What the marks mean, in one line.
 * @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {Mark[]} parts
 */
function drawLegend(context, width, height, parts) {
  const { muted, ink, positive } = inks();
  context.font = context.font.replace("11px", "10px");
  const swatch = 10;
  const sizes = parts.map(([mark, text]) => (mark === "none" ? 0 : swatch) + context.measureText(text).width);
  const gap = Math.min(10, (width - sizes.reduce((sum, size) => sum + size, 0)) / parts.length);
  let x = (width - sizes.reduce((sum, size) => sum + size, 0) - gap * (parts.length - 1)) / 2;
  const y = height - 5;
  context.textAlign = "left";
  parts.forEach(([mark, text], index) => {
    context.fillStyle = mark === "dot" || mark === "line" ? ink : positive;
    context.globalAlpha = mark === "pale" ? 0.35 : 1;
    context.beginPath();
    if (mark === "dot") context.arc(x + 4, y - 3, 2.2, 0, 7);
    else if (mark === "line") context.rect(x, y - 4, 7, 1);
    else if (mark !== "none") context.rect(x, y - 7, 7, 7);
    context.fill();
    context.globalAlpha = 1;
    context.fillStyle = muted;
    context.fillText(text, x + (mark === "none" ? 0 : swatch), y);
    x += sizes[index] + gap;
  });
}

/** Dealers' side of today's signed trades, by strike. @param {Store} store @returns {Row[]} */
export function tradedRows(store) {
  const traded = store.state.day?.traded;
  if (!traded) return [];
  const sums = traded.sumAt(nowOf(store));
  return traded.strikes.map((strike, row) => ({ strike, net: sums[row], call: null, put: null, before: null }));
}

/** @param {Store} store @param {uPlot} heat */
export function tradedChart(store, heat) {
  return drawing("Gamma that dealers took on today, by strike", (context, width, height) => {
    drawRows(context, width, height - LEGEND_HEIGHT, heat, tradedRows(store), money);
    drawLevels(context, width, heat, store);
  });
}

/** The px of a price in a drawing as high as the map. @param {uPlot} heat @param {number} price */
export function heightOf(heat, price) {
  const ratio = devicePixelRatio || 1;
  return heat.valToPos(price, "y", true) / ratio;
}

/**
 * @param {CanvasRenderingContext2D} context @param {number} width @param {number} height
 * @param {uPlot} heat @param {Row[]} rows @param {(value: number) => string} text
 */
function drawRows(context, width, height, heat, rows, text) {
  const floor = heat.bbox.height / (devicePixelRatio || 1);
  const { ink, panel, muted } = inks();
  const seen = rows.map((row) => ({ ...row, y: heightOf(heat, row.strike) })).filter(({ y }) => y >= 0 && y <= floor);
  const largest = Math.max(0, ...seen.flatMap(({ net, call, put, interval }) => [net, call, put, ...(interval ?? [])]).filter(isKnown).map(Math.abs));
  const middle = width / 2;
  context.fillStyle = muted;
  context.textAlign = "center";
  if (!largest) {
    context.fillText(rows.length ? "nothing in view" : "none yet", middle, floor / 2);
    return;
  }
  const scale = (width / 2 - 6) / largest;
  const gaps = seen.slice(1).map(({ y }, index) => Math.abs(y - seen[index].y)).sort((a, b) => a - b);
  const thick = Math.max(2, Math.min(14, (gaps[Math.floor(gaps.length / 2)] ?? 10) * 0.7));
  context.strokeStyle = muted;
  context.beginPath();
  context.moveTo(middle, 0);
  context.lineTo(middle, floor);
  context.stroke();
  const bar = (/** @type {number} */ value, /** @type {number} */ y, /** @type {number} */ size, /** @type {number} */ alpha) => {
    context.globalAlpha = alpha;
    context.fillStyle = inkOf(value);
    context.fillRect(Math.min(middle, middle + value * scale), y - size / 2, Math.max(0.75, Math.abs(value * scale)), size);
    context.globalAlpha = 1;
  };
  for (const { net, call, put, before, interval, y } of seen) {
    const alone = net === null;
    if (isKnown(call)) bar(call, y, thick, alone ? 0.9 : 0.35);
    if (isKnown(put)) bar(put, y, thick, alone ? 0.9 : 0.35);
    if (isKnown(net)) bar(net, y, thick * (call === null ? 1 : 0.6), 1);
    if (interval) {
      context.fillStyle = ink;
      context.fillRect(middle + interval[0] * scale, y - 0.5, (interval[1] - interval[0]) * scale, 1);
      for (const bound of interval) context.fillRect(middle + bound * scale - 0.5, y - thick * 0.3, 1, thick * 0.6);
    }
    if (!isKnown(before) || !isKnown(net) || Math.abs(net - before) < 0.03 * largest) continue;
    const x = middle + before * scale;
    context.beginPath();
    context.arc(x, y, 2.2, 0, 7);
    context.fillStyle = ink;
    context.strokeStyle = panel;
    context.fill();
    context.stroke();
    if (before * net < 0) {
      context.strokeStyle = ink;
      context.strokeRect(Math.min(middle, middle + net * scale) - 1, y - thick / 2 - 1, Math.abs(net * scale) + 2, thick + 2);
    }
  }
  context.fillStyle = muted;
  context.textAlign = "left";
  context.fillText(text(-largest), 2, height - 8);
  context.textAlign = "right";
  context.fillText(text(largest), width - 2, height - 8);
}

/** Spot and flip across a drawing. @param {CanvasRenderingContext2D} context @param {number} width @param {uPlot} heat @param {Store} store */
export function drawLevels(context, width, heat, store) {
  const { snapshot } = store.state;
  const { ink, flip } = inks();
  const floor = heat.bbox.height / (devicePixelRatio || 1);
  /** @type {[number | null | undefined, string, number[]][]} */
  const levels = [[snapshot?.underlying_price, ink, []], [snapshot?.regime?.gamma_flip, flip, [5, 3]]];
  for (const [level, colour, dash] of levels) {
    if (!isKnown(level)) continue;
    const y = heightOf(heat, level);
    if (y < 0 || y > floor) continue;
    context.save();
    context.strokeStyle = colour;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(width, y);
    context.stroke();
    context.restore();
  }
}
