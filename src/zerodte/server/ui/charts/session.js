/** The session on the map's time axis: spot, what dealers had to trade, and the pin score. */

/** @import { Store } from "../store.js" */
/** @import { Day } from "../day.js" */
import uPlot from "../vendor/uPlot.esm.js";
import { isKnown, money, price } from "../numbers.js";
import { AXIS_WIDTH, CROSSHAIR, drawLine, follow, timeAxis } from "./axes.js";
import { inks } from "./canvas.js";
import { nowOf, spanOf } from "./heat.js";

/** @typedef {"hedge_flow_cumulative_all" | "hedge_flow_call_cumulative" | "hedge_flow_put_cumulative"} HedgeName */

/** Hedge flow by instant: since the open, or over rolling minutes. @param {Day} day @param {HedgeName} name @param {"since" | "30" | "5"} window @param {number} count */
export function hedgeColumn(day, name, window, count) {
  return day.bars.slice(0, count).map((bar, index) =>
    (window === "since" ? bar[name] ?? null : day.change(name, day.times[index], Number(window))));
}

/** @param {Store} store @param {HTMLElement} root */
export function sessionChart(store, root) {
  /** @type {(number | null)[][]} */
  let columns = [[], [], [], [], []];
  const u = new uPlot({
    width: Math.max(root.clientWidth, 100),
    height: Math.max(root.clientHeight, 60),
    padding: [6, 0, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: CROSSHAIR, scales: ["x", null] }, drag: { x: false, y: false }, points: { show: false }, y: false },
    scales: {
      x: { time: false, range: () => spanOf(store) },
      spot: { range: (_, low, high) => padded(low, high) },
      hedge: { range: (_, low, high) => padded(Math.min(0, low ?? 0), Math.max(0, high ?? 0)) },
      pin: { range: [0, 130] },
    },
    series: [{}, ...["spot", "hedge", "hedge", "hedge", "pin"].map((scale) => ({
      scale, paths: () => null, points: { show: false } }))],
    axes: [timeAxis(), {
      scale: "hedge", side: 1, size: AXIS_WIDTH, stroke: () => inks().hedge, font: `11px ${inks().font}`, space: 30,
      grid: { show: false }, ticks: { show: false }, values: (_, splits) => splits.map((split) => money(split)),
    }],
    hooks: { draw: [draw] },
  }, [[0], [null], [null], [null], [null], [null]], root);
  follow(u, root);

  /** @param {uPlot} u */
  function draw(u) {
    const { ink, hedge, pin } = inks();
    const times = /** @type {number[]} */ (/** @type {unknown} */ (u.data[0]));
    const [spot, all, calls, puts, pins] = columns;
    if (times.length < 2) return;
    drawArea(u, times, pins, pin);
    const zero = u.valToPos(0, "hedge", true);
    u.ctx.save();
    u.ctx.strokeStyle = inks().faint;
    u.ctx.beginPath();
    u.ctx.moveTo(u.bbox.left, zero);
    u.ctx.lineTo(u.bbox.left + u.bbox.width, zero);
    u.ctx.stroke();
    u.ctx.restore();
    drawLine(u, times, calls, { ink: hedge, width: 1, scale: "hedge", casing: false });
    drawLine(u, times, puts, { ink: hedge, width: 1, dash: [4, 3], scale: "hedge", casing: false });
    drawLine(u, times, all, { ink: hedge, width: 2.25, scale: "hedge" });
    drawLine(u, times, spot, { ink, width: 1.5, scale: "spot" });
    drawEnds(u, nowOf(store) / 1000, [
      [spot.at(-1), "spot", `spot ${price(spot.at(-1))}`, ink], [all.at(-1), "hedge", `all ${money(all.at(-1))}`, hedge],
      [calls.at(-1), "hedge", "calls", hedge], [puts.at(-1), "hedge", "puts", hedge],
    ]);
    const known = spot.filter(isKnown);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    drawEdge(u, high, 8);
    drawEdge(u, low, -8);
  }

  store.on(["day", "at", "span", "window", "theme"], () => {
    const { day, at, window } = store.state;
    if (!day || document.hidden) return;
    const count = day.countAt(at);
    const hedge = (/** @type {HedgeName} */ name) => hedgeColumn(day, name, window, count);
    columns = [
      day.bars.slice(0, count).map((bar) => bar.spot ?? null), hedge("hedge_flow_cumulative_all"),
      hedge("hedge_flow_call_cumulative"), hedge("hedge_flow_put_cumulative"),
      day.bars.slice(0, count).map((bar) => bar.pin_score ?? null),
    ];
    u.setData(/** @type {uPlot.AlignedData} */ ([day.times.slice(0, count).map((time) => time / 1000), ...columns]), true);
  });
  return u;
}

/** @param {number | null} low @param {number | null} high @returns {[number, number]} */
function padded(low, high) {
  if (!isKnown(low) || !isKnown(high)) return [0, 1];
  const pad = 0.06 * (high - low) || Math.abs(high) * 0.001 || 1;
  return [low - pad, high + pad];
}

/** The highest or lowest spot of the session, at the left. @param {uPlot} u @param {number} value @param {number} below px */
function drawEdge(u, value, below) {
  const ratio = devicePixelRatio || 1;
  const { ctx, bbox } = u;
  const { panel, muted, font } = inks();
  const text = price(value);
  const y = u.valToPos(value, "spot", true) + below * ratio;
  ctx.save();
  ctx.font = `${10.5 * ratio}px ${font}`;
  ctx.textBaseline = "middle";
  ctx.globalAlpha = 0.75;
  ctx.fillStyle = panel;
  ctx.fillRect(bbox.left, y - 7 * ratio, ctx.measureText(text).width + 8 * ratio, 14 * ratio);
  ctx.globalAlpha = 1;
  ctx.fillStyle = muted;
  ctx.fillText(text, bbox.left + 4 * ratio, y);
  ctx.restore();
}

/** @param {uPlot} u @param {number[]} times @param {(number | null)[]} values @param {string} fill */
function drawArea(u, times, values, fill) {
  const { ctx } = u;
  const floor = u.bbox.top + u.bbox.height;
  ctx.save();
  ctx.fillStyle = fill;
  ctx.beginPath();
  const left = times.findIndex((_, index) => isKnown(values[index]));
  if (left >= 0) {
    ctx.moveTo(u.valToPos(times[left], "x", true), floor);
    times.forEach((time, index) => {
      const value = values[index];
      ctx.lineTo(u.valToPos(time, "x", true), isKnown(value) ? u.valToPos(value, "pin", true) : floor);
    });
    ctx.lineTo(u.valToPos(times[times.length - 1], "x", true), floor);
    ctx.fill();
  }
  ctx.restore();
}

/** Names at the ends of lines, pushed apart. @param {uPlot} u @param {number} now @param {[number | null | undefined, string, string, string][]} ends */
function drawEnds(u, now, ends) {
  const ratio = devicePixelRatio || 1;
  const { ctx, bbox } = u;
  const places = ends.filter(([value]) => isKnown(value))
    .map(([value, scale, text, ink]) => ({ text, ink, y: u.valToPos(/** @type {number} */ (value), scale, true) }))
    .sort((a, b) => a.y - b.y);
  const gap = 13 * ratio;
  for (let k = 1; k < places.length; k += 1) places[k].y = Math.max(places[k].y, places[k - 1].y + gap);
  const excess = (places.at(-1)?.y ?? 0) - (bbox.top + bbox.height - 4 * ratio);
  if (excess > 0) places.forEach((place) => { place.y -= excess; });
  ctx.save();
  ctx.font = `${11 * ratio}px ${inks().font}`;
  ctx.textBaseline = "middle";
  for (const { text, ink, y } of places) {
    const width = ctx.measureText(text).width + 6 * ratio;
    const x = Math.min(u.valToPos(now, "x", true) + 6 * ratio, bbox.left + bbox.width - width);
    ctx.fillStyle = inks().panel;
    ctx.globalAlpha = 0.8;
    ctx.fillRect(x - 2 * ratio, y - gap / 2, width, gap);
    ctx.globalAlpha = 1;
    ctx.fillStyle = ink;
    ctx.fillText(text, x, y);
  }
  ctx.restore();
}
