/** Strike x time: the map, and over it spot, flip, walls, magnet and the way to the close. */

/** @import { Store } from "../store.js" */
/** @import { Day } from "../day.js" */
import uPlot from "../vendor/uPlot.esm.js";
import { dateOf, hourMinute, isKnown, price, stamp, strike as strikeText } from "../numbers.js";
import { levelsOf } from "../levels.js";
import { AXIS_WIDTH, clip, CROSSHAIR, drawLabels, drawLine, follow, timeAxis } from "./axes.js";
import { hatch, inks } from "./canvas.js";
import { pinning } from "./pin.js";
import { Raster } from "./raster.js";
import { steer } from "./steer.js";
import { valueText } from "./value_text.js";

/** The charts beside the map have a legend below their bars. */
const MAP_AXIS_HEIGHT = 36;

/** The prices that show the day: where spot was, the levels near it, and the way to the close. @param {Store} store @returns {[number, number]} */
export function pricesOf(store) {
  const { day, snapshot, prices } = store.state;
  if (prices) return prices;
  const spots = day?.bars.slice(0, day.countAt(store.state.at)).map((bar) => bar.spot).filter(isKnown) ?? [];
  const spot = snapshot?.underlying_price ?? spots.at(-1) ?? 100;
  const sigma = snapshot?.expected_move?.implied_1sd_dollars ?? spot * 0.01;
  const left = snapshot?.expected_move?.remaining_1sd_dollars ?? 0;
  const levels = [snapshot?.levels?.call_wall, snapshot?.levels?.put_wall, snapshot?.regime?.gamma_flip]
    .filter(isKnown).filter((level) => Math.abs(level - spot) < 2 * sigma);
  const all = [...spots, ...levels, spot - 2.2 * left, spot + 2.2 * left, spot - sigma, spot + sigma];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const pad = 0.04 * (high - low);
  return [low - pad, high + pad];
}

/** @param {Store} store @param {HTMLElement} root @param {() => void} onDrawn */
export function heatChart(store, root, onDrawn) {
  const raster = new Raster();
  const label = document.createElement("div");
  label.className = "crosshair";
  label.setAttribute("role", "status");

  let drawPin = () => {};
  const u = new uPlot({
    width: Math.max(root.clientWidth, 100),
    height: Math.max(root.clientHeight, 100),
    padding: [0, 0, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: CROSSHAIR }, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { time: false, range: () => spanOf(store) },
      y: { range: () => pricesOf(store) },
    },
    series: [{}, { scale: "y", paths: () => null, points: { show: false } }],
    axes: [timeAxis(MAP_AXIS_HEIGHT), {
      scale: "y", side: 1, size: AXIS_WIDTH, stroke: () => inks().muted, font: `11px ${inks().font}`,
      grid: { show: false }, ticks: { show: false }, values: (u, splits) => splits.map((split) => {
        // A label at the very edge would be cut.
        const place = u.valToPos(split, "y");
        return place < 8 || place > u.over.clientHeight - 6 ? "" : strikeText(split);
      }),
    }],
    hooks: {
      drawClear: [(u) => drawMap(u, store, raster)],
      draw: [(u) => { drawOver(u, store); drawPin(); onDrawn(); }],
      setCursor: [(u) => pointAt(u, store, label)],
    },
  }, [[0], [null]], root);
  u.over.append(label);
  u.over.tabIndex = 0;
  u.over.setAttribute("role", "application");
  u.over.setAttribute("aria-label", "Strike by time. Arrow keys move the crosshair, Enter pins it, Shift and Enter measure from the pin, double click resets the view.");
  follow(u, root);
  steer(u, store);
  drawPin = pinning(u, store, (left, top) => pointOf(u, store, left, top));

  function redraw() {
    const { day, theme, bar } = store.state;
    if (document.hidden) return;
    if (day?.heat) raster.update(day.heat, theme, columnsOf(day, bar));
    const count = day ? day.countAt(store.state.at) : 0;
    const times = day ? day.times.slice(0, count).map((time) => time / 1000) : [0];
    const spots = day ? day.bars.slice(0, count).map((each) => each.spot ?? null) : [null];
    u.setData([times, spots], true);
  }
  store.on(["day", "at", "prices", "span", "theme", "snapshot"], redraw);
  document.addEventListener("visibilitychange", redraw);
  return u;
}

/** @param {Day} day @param {"1m" | "5m"} bar */
function columnsOf(day, bar) {
  return Math.ceil((day.close - day.open) / (bar === "1m" ? 60_000 : 300_000));
}

/** The times in view, epoch s. @param {Store} store @returns {[number, number]} */
export function spanOf(store) {
  const { span, day } = store.state;
  const [from, to] = span ?? (day ? [day.open, day.close] : [0, 1000]);
  return [from / 1000, to / 1000];
}

/** The instant looked at: the past one, or that of the last bar. @param {Store} store */
export function nowOf(store) {
  const { at, day } = store.state;
  return at ?? day?.times.at(-1) ?? day?.open ?? 0;
}

/** @param {uPlot} u @param {Store} store @param {Raster} raster */
function drawMap(u, store, raster) {
  const { day } = store.state;
  const heat = day?.heat;
  if (!day || !heat) return;
  const now = nowOf(store);
  const { ctx, bbox } = u;
  ctx.save();
  clip(u);
  const [from, to] = [day.open, now].map((time) => u.valToPos(time / 1000, "x", true));
  ctx.fillStyle = hatch(ctx);
  ctx.fillRect(from, bbox.top, Math.max(0, to - from), bbox.height);
  raster.paint(ctx, heat.countAt(now), (column) => u.valToPos((day.open + column * heat.length) / 1000, "x", true),
    (price) => u.valToPos(price, "y", true));
  ctx.restore();
}

/** @param {uPlot} u @param {Store} store */
function drawOver(u, store) {
  const { day, snapshot } = store.state;
  if (!day || !day.bars.length) return;
  const { ink, flip, magnet, muted } = inks();
  const count = day.countAt(store.state.at);
  const times = day.times.slice(0, count).map((time) => time / 1000);
  const column = (/** @type {"spot" | "gamma_flip" | "call_wall" | "put_wall" | "magnet"} */ name) =>
    day.bars.slice(0, count).map((bar) => bar[name] ?? null);
  drawCone(u, store);
  drawGaps(u, store);
  drawLine(u, times, column("call_wall"), { ink, width: 1.25, steps: true });
  drawLine(u, times, column("put_wall"), { ink, width: 1.25, dash: [7, 3], steps: true });
  drawLine(u, times, column("magnet"), { ink: magnet, width: 1.5, dash: [1.5, 3], steps: true });
  drawLine(u, times, column("gamma_flip"), { ink: flip, dash: [6, 4] });
  drawLine(u, times, column("spot"), { ink, width: 1.75 });

  const x = u.valToPos(nowOf(store) / 1000, "x", true);
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.strokeStyle = muted;
  ctx.setLineDash([2 * ratio, 2 * ratio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
  if (snapshot) drawLabels(u, labelsOf(snapshot), x + 7 * ratio);
}

/** One label per price: levels that coincide share it. @param {import("../store.js").Snapshot} snapshot */
function labelsOf(snapshot) {
  const { ink, flip, magnet } = inks();
  const colours = { "call wall": ink, "put wall": ink, magnet, flip, spot: ink };
  return [...levelsOf(snapshot)].map(([level, names]) => {
    const isExact = names[0] === "spot" || names[0] === "flip";
    const shown = isExact ? price(level) : strikeText(level);
    return { price: level, ink: colours[names[0]], text: `${names.toReversed().join(" = ")} ${shown}` };
  });
}

/** One and two remaining sigmas, as they widen to the close. @param {uPlot} u @param {Store} store */
function drawCone(u, store) {
  const { day, snapshot } = store.state;
  const spot = snapshot?.underlying_price;
  const sigma = snapshot?.expected_move?.remaining_1sd_dollars;
  const now = nowOf(store);
  if (!day || !isKnown(spot) || !isKnown(sigma) || now >= day.close) return;
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio || 1;
  const shares = Array.from({ length: 33 }, (_, k) => k / 32);
  const at = (/** @type {number} */ share) => u.valToPos((now + share * (day.close - now)) / 1000, "x", true);
  ctx.save();
  clip(u);
  for (const width of [2, 1]) {
    const edge = (/** @type {number} */ side) => (/** @type {number} */ share) =>
      u.valToPos(spot + side * width * sigma * Math.sqrt(share), "y", true);
    ctx.beginPath();
    shares.forEach((share) => ctx.lineTo(at(share), edge(1)(share)));
    shares.toReversed().forEach((share) => ctx.lineTo(at(share), edge(-1)(share)));
    ctx.globalAlpha = 0.13;
    ctx.fillStyle = inks().ink;
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.font = `${10.5 * ratio}px ${inks().font}`;
    ctx.textAlign = "right";
    ctx.fillStyle = inks().muted;
    ctx.fillText(`±${width}σ`, bbox.left + bbox.width - 3 * ratio, edge(1)(0.97) - 4 * ratio);
  }
  ctx.restore();
}

/** @param {uPlot} u @param {Store} store */
function drawGaps(u, store) {
  const { day } = store.state;
  if (!day?.gaps.length) return;
  u.ctx.save();
  clip(u);
  u.ctx.fillStyle = hatch(u.ctx);
  for (const { from, to } of day.gaps) {
    const [left, right] = [from, Math.min(to, nowOf(store))].map((time) => u.valToPos(time / 1000, "x", true));
    if (right > left) u.ctx.fillRect(left, u.bbox.top, right - left, u.bbox.height);
  }
  u.ctx.restore();
}

/** Write what lies under the crosshair. @param {uPlot} u @param {Store} store @param {HTMLElement} label */
function pointAt(u, store, label) {
  const { left, top } = u.cursor;
  const { day } = store.state;
  const isOver = day && left !== undefined && left >= 0 && (top ?? -1) >= 0;
  label.hidden = !isOver;
  if (!isOver) {
    if (left === undefined || left < 0) store.set({ cursor: null });
    return;
  }
  const { time, end, row, value, text } = /** @type {NonNullable<ReturnType<typeof cellAt>>} */ (cellAt(u, store, left, top ?? 0));
  const heat = day.heat;
  label.textContent = text;
  label.dataset.t = stamp(end);
  label.dataset.strike = heat && row >= 0 ? String(heat.strikes[row]) : "";
  label.dataset.value = value === undefined ? "" : String(value);
  label.dataset.date = dateOf(end);
  const width = label.offsetWidth;
  label.style.left = `${Math.min(left + 10, u.over.clientWidth - width - 4)}px`;
  label.style.top = `${Math.max(2, (top ?? 0) - 26)}px`;
  store.set({ cursor: time });
}

/** The point of a place, if there is a cell. @param {uPlot} u @param {Store} store @param {number} left px @param {number} top px */
function pointOf(u, store, left, top) {
  const cell = cellAt(u, store, left, top);
  const strikes = store.state.day?.heat?.strikes;
  if (!cell || !strikes || cell.row < 0 || cell.end > nowOf(store)) return null;
  return { time: cell.end, price: strikes[cell.row], value: cell.value, text: cell.text };
}

/** What lies at a place of the map. @param {uPlot} u @param {Store} store @param {number} left px @param {number} top px */
function cellAt(u, store, left, top) {
  const { day, metric } = store.state;
  if (!day) return null;
  const time = u.posToVal(left, "x") * 1000;
  const heat = day.heat;
  const row = heat ? heat.rowAt(u.posToVal(top, "y")) : -1;
  const column = heat ? heat.columnAt(time) : 0;
  const end = heat ? day.open + (column + 1) * heat.length : time;
  // A column that ends after the instant looked at is of its future.
  const isPast = end <= nowOf(store);
  const value = isPast && heat && row >= 0 ? heat.valueAt(time, row) : undefined;
  const bar = time <= nowOf(store) ? day.barAt(Math.min(end, nowOf(store))) : null;
  const gap = isPast ? day.gapAt(end) : null;
  const parts = [
    hourMinute(end), heat && row >= 0 ? strikeText(heat.strikes[row]) : "",
    isPast ? valueText(metric, value) : "", gap === null ? "" : `gap: ${gap}`, bar ? `spot ${price(bar.spot)}` : "",
    bar ? `flip ${price(bar.gamma_flip)}` : "",
  ];
  return { time, end, row, value, text: parts.filter((part) => part).join("  ") };
}
