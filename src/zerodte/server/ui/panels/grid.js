/** All symbols at once: spot with its levels over a small map, regime and quality; a click opens one. */

/** @import { Store } from "../store.js" */
import { address, FLOW, get } from "../api.js";
import { drawing, inks } from "../charts/canvas.js";
import { Raster } from "../charts/raster.js";
import { Day, endOf, SESSION_MINUTES, sessionOf, StrikeTime } from "../day.js";
import { fill, h } from "../dom.js";
import { MOST_SYMBOLS } from "../loader.js";
import { isKnown, money, price, stamp, UNKNOWN } from "../numbers.js";
import { regimeOf } from "./answers.js";

const COLUMN_MS = 300_000;
const REFRESH_MS = 60_000;

/** @param {Store} store @param {(symbol: string) => void} open */
export function gridPanel(store, open) {
  const root = h("div", { class: "grid", hidden: true });
  /** @type {ReturnType<typeof tile>[]} */
  let tiles = [];
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let moved;

  function load() {
    if (!document.hidden) tiles.forEach((each) => void each.load());
  }

  store.on(["view", "symbols"], () => {
    const { view, symbols } = store.state;
    root.hidden = view !== "grid";
    clearInterval(timer);
    tiles.forEach((each) => each.stop());
    tiles = root.hidden ? [] : symbols.slice(0, MOST_SYMBOLS).map((symbol) => tile(store, symbol, open));
    root.style.setProperty("--columns", String(Math.ceil(Math.sqrt(tiles.length))));
    fill(root, ...tiles.map((each) => each.root));
    load();
    if (tiles.length) timer = setInterval(load, REFRESH_MS);
  });
  store.on(["at", "date"], () => {
    clearTimeout(moved);
    moved = setTimeout(load, 150);
  });
  store.on(["theme"], () => tiles.forEach((each) => each.request()));
  return root;
}

/** @param {Store} store @param {string} symbol @param {(symbol: string) => void} open */
function tile(store, symbol, open) {
  const raster = new Raster();
  /** @type {Day | null} */
  let day = null;
  const head = h("span", { class: "row" }, h("b", null, symbol));
  const foot = h("span", { class: "small muted" }, "loading");
  let turn = 0;
  const { canvas, request, stop } = drawing(`${symbol}: strike by time`, (context, width, height) => {
    if (day?.heat) drawTile(context, width, height, day, raster, store);
  });
  const root = h("button", { type: "button", class: "card tile", onclick: () => open(symbol) }, head, canvas, foot);

  async function load() {
    turn += 1;
    const asked = turn;
    const { at, date } = store.state;
    const time = at ?? (date === null ? null : endOf(date));
    const until = time === null ? null : stamp(time);
    try {
      const [snapshot, series, map] = await Promise.all([
        get(address(`${FLOW}/snapshot/${symbol}`, { strike_range: 0.01, at: until })),
        get(address(`${FLOW}/series/${symbol}`, { bar: "5m", minutes: SESSION_MINUTES, at: until })),
        get(address(`${FLOW}/heatmap/${symbol}`, { bar: "5m", minutes: SESSION_MINUTES, at: until })),
      ]);
      if (asked !== turn) return;
      if (!snapshot.body.regime) {
        foot.textContent = snapshot.body.message ?? UNKNOWN;
        return;
      }
      day = new Day(symbol, ...sessionOf(snapshot.body));
      day.take(series.body.bars ?? []);
      day.heat = new StrikeTime(day.open, COLUMN_MS);
      day.heat.take(map.body.strikes_grid ?? [], map.body.bars ?? [], (bar) => bar.values);
      const { title, tone } = regimeOf(snapshot.body);
      fill(head, h("b", null, symbol), h("span", null, price(snapshot.body.underlying_price)),
        h("span", { class: tone }, `${title} ${money(snapshot.body.exposures.net_gex)}`));
      foot.textContent = `flip ${price(snapshot.body.regime.gamma_flip)} · walls ${price(snapshot.body.levels.put_wall, 0)}, ${price(snapshot.body.levels.call_wall, 0)} · quality ${snapshot.body.metadata.data_quality_score ?? UNKNOWN}`;
      request();
    } catch (error) {
      if (asked === turn) foot.textContent = error instanceof Error ? error.message : String(error);
    }
  }
  return { root, load, request, stop };
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {Day} day @param {Raster} raster @param {Store} store */
function drawTile(context, width, height, day, raster, store) {
  const { heat } = day;
  const spots = day.bars.map((bar) => bar.spot);
  const known = spots.filter(isKnown);
  if (!heat || known.length === 0) return;
  const levels = [day.bars.at(-1)?.call_wall, day.bars.at(-1)?.put_wall].filter(isKnown);
  const middle = known[known.length - 1];
  const near = levels.filter((level) => Math.abs(level - middle) < 0.02 * middle);
  const [low, high] = [Math.min(...known, ...near), Math.max(...known, ...near)];
  const pad = 0.1 * (high - low) || 1;
  const top = (/** @type {number} */ level) => (high + pad - level) / (high - low + 2 * pad) * height;
  const x = (/** @type {number} */ time) => (time - day.open) / (day.close - day.open) * width;
  raster.update(heat, store.state.theme, Math.ceil((day.close - day.open) / heat.length));
  raster.paint(context, heat.columns.length, (column) => x(day.open + column * heat.length), top);
  const { ink, flip, panel } = inks();
  /** @type {["gamma_flip" | "spot", string][]} */
  const lines = [["gamma_flip", flip], ["spot", ink]];
  for (const [name, colour] of lines) {
    const path = new Path2D();
    let open = false;
    day.bars.forEach((bar, index) => {
      const value = bar[name];
      if (!isKnown(value)) open = false;
      else if (open) path.lineTo(x(day.times[index]), top(value));
      else {
        path.moveTo(x(day.times[index]), top(value));
        open = true;
      }
    });
    context.lineWidth = 3.5;
    context.strokeStyle = panel;
    context.stroke(path);
    context.lineWidth = 1.5;
    context.strokeStyle = colour;
    context.stroke(path);
  }
}
