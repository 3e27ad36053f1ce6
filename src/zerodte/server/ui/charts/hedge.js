/** What dealers would have to trade if spot moved. */

/** @import { Store } from "../store.js" */
import { isKnown, money } from "../numbers.js";
import { drawing, inkOf, inks } from "./canvas.js";

/** @type {[string, "spot_up_half_pct" | "spot_up_25bp" | "spot_up_10bp" | "spot_down_10bp" | "spot_down_25bp" | "spot_down_half_pct"][]} */
export const MOVES = [
  ["+0.50%", "spot_up_half_pct"], ["+0.25%", "spot_up_25bp"], ["+0.10%", "spot_up_10bp"],
  ["−0.10%", "spot_down_10bp"], ["−0.25%", "spot_down_25bp"], ["−0.50%", "spot_down_half_pct"],
];

/** Where a move in percent lies, in rows from the top: its scale is that of the rows. @type {[number, number][]} */
const PLACES = [[0.5, 0.5], [0.25, 1.5], [0.1, 2.5], [0, 3.5], [-0.1, 4.5], [-0.25, 5.5], [-0.5, 6.5]];

/** @param {Store} store @returns {[string, number | null][]} */
export function hedgeRows(store) {
  const { snapshot } = store.state;
  return MOVES.map(([text, name]) => [text, snapshot?.hedging?.[name]?.notional_usd ?? null]);
}

/** @param {Store} store */
export function hedgeChart(store) {
  return drawing("What dealers would trade if spot moved", (context, width, height) => {
    const { muted, ink, faint } = inks();
    const rows = hedgeRows(store);
    const largest = Math.max(0, ...rows.map(([, value]) => value).filter(isKnown).map(Math.abs));
    const step = (height - 16) / (rows.length + 1);
    const [left, middle] = [46, 46 + (width - 46) * 0.42];
    const scale = largest ? (middle - left - 2) / largest : 0;
    context.textBaseline = "middle";
    rows.forEach(([text, value], index) => {
      const y = step * (index + (index > 2 ? 1.5 : 0.5));
      context.textAlign = "left";
      context.fillStyle = muted;
      context.fillText(text, 0, y);
      const size = isKnown(value) ? value * scale : 0;
      context.fillStyle = inkOf(value ?? 0);
      context.fillRect(Math.min(middle, middle + size), y - step * 0.32, Math.max(isKnown(value) ? 1 : 0, Math.abs(size)), step * 0.64);
      context.fillStyle = ink;
      if (size >= 0 && size > width - middle - 84) {
        context.textAlign = "right";
        context.fillText(money(value), middle - 6, y);
      } else {
        context.fillText(money(value), middle + Math.max(0, size) + 6, y);
      }
    });
    const y = step * 3.5;
    context.textAlign = "left";
    context.fillStyle = muted;
    context.fillText("spot", 0, y);
    context.strokeStyle = faint;
    context.beginPath();
    context.moveTo(34, y);
    context.lineTo(width, y);
    context.moveTo(middle, 0);
    context.lineTo(middle, height - 16);
    context.stroke();
    drawFlip(context, width, store, (move) => {
      const ends = [...PLACES.keys()];
      const next = Math.max(1, ends.findIndex((end) => move >= PLACES[end][0]));
      const [[from, start], [to, end]] = [PLACES[next - 1], PLACES[next]];
      return step * (start + (end - start) * (move - from) / (to - from));
    });
    context.textAlign = "right";
    context.fillStyle = muted;
    context.fillText("◂ sell", middle - 6, height - 6);
    context.textAlign = "left";
    context.fillText("buy ▸", middle + 6, height - 6);
  });
}

/**
 * Mark the flip where spot would meet it, if that is within the moves shown.
 * @param {CanvasRenderingContext2D} context @param {number} width @param {Store} store
 * @param {(move: number) => number} heightOf the px of a move in percent
 */
function drawFlip(context, width, store, heightOf) {
  const { snapshot } = store.state;
  const [spot, level] = [snapshot?.underlying_price, snapshot?.regime?.gamma_flip];
  if (!isKnown(spot) || !isKnown(level)) return;
  const move = 100 * (level / spot - 1);
  if (Math.abs(move) > 0.5) return;
  const y = heightOf(move);
  const { flip, panel } = inks();
  context.save();
  context.strokeStyle = context.fillStyle = flip;
  context.setLineDash([5, 3]);
  context.beginPath();
  context.moveTo(46, y);
  context.lineTo(width, y);
  context.stroke();
  // Its price stands on the second card.
  context.setLineDash([]);
  context.strokeStyle = panel;
  context.lineWidth = 4;
  context.textAlign = "right";
  context.strokeText("flip", width, y);
  context.fillText("flip", width, y);
  context.restore();
}
