/** What dealers would have to trade if spot moved. */

/** @import { Store } from "../store.js" */
import { isKnown, money } from "../numbers.js";
import { drawing, inkOf, inks } from "./canvas.js";

/** @type {[string, "spot_up_half_pct" | "spot_up_25bp" | "spot_up_10bp" | "spot_down_10bp" | "spot_down_25bp" | "spot_down_half_pct"][]} */
export const MOVES = [
  ["+0.50%", "spot_up_half_pct"], ["+0.25%", "spot_up_25bp"], ["+0.10%", "spot_up_10bp"],
  ["−0.10%", "spot_down_10bp"], ["−0.25%", "spot_down_25bp"], ["−0.50%", "spot_down_half_pct"],
];

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
      if (size >= 0 && size > width - middle - 58) {
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
    context.textAlign = "right";
    context.fillText("◂ sell", middle - 6, height - 6);
    context.textAlign = "left";
    context.fillText("buy ▸", middle + 6, height - 6);
  });
}
