/** The close: its density on the price axis with 50, 80 and 95% bands, and the pin. */

/** @import uPlot from "../vendor/uPlot.esm.js" */
/** @import { Store } from "../store.js" */
import { chance, isKnown, strike } from "../numbers.js";
import { drawing, inks } from "./canvas.js";
import { drawLevels, heightOf } from "./profile.js";

const BANDS = [[0.025, 0.975], [0.1, 0.9], [0.25, 0.75]];

/** @typedef {{prices: number[], density: number[], cumulative: number[]}} Law */

/** The law of the close as it is answered: chances per cell between prices. @param {Store} store @returns {Law | null} */
export function lawOf(store) {
  const close = store.state.snapshot?.probabilities?.close;
  const prices = close?.prices.filter(isKnown) ?? [];
  const mass = close?.mass.filter(isKnown) ?? [];
  if (mass.length < 2 || prices.length !== mass.length + 1) return null;
  const density = mass.map((share, k) => share / (prices[k + 1] - prices[k]));
  const cumulative = [0];
  for (const share of mass) cumulative.push(cumulative[cumulative.length - 1] + share);
  return { prices, density, cumulative };
}

/** The price below which the close lies with a chance. @param {Law} law @param {number} level */
export function quantile({ prices, cumulative }, level) {
  const k = Math.min(prices.length - 2, Math.max(0, cumulative.findIndex((sum) => sum > level) - 1));
  const share = cumulative[k + 1] - cumulative[k];
  return prices[k] + (share > 0 ? (level - cumulative[k]) / share : 0) * (prices[k + 1] - prices[k]);
}

/** @param {Store} store @param {uPlot} heat */
export function densityChart(store, heat) {
  return drawing("The density of the close", (context, width, height) => {
    const law = lawOf(store);
    const { muted, ink, magnet } = inks();
    const floor = heat.bbox.height / (devicePixelRatio || 1);
    if (!law) {
      context.fillStyle = muted;
      context.textAlign = "center";
      context.fillText("withheld", width / 2, floor / 2);
      return;
    }
    const largest = Math.max(...law.density);
    const x = (/** @type {number} */ density) => 4 + density / largest * (width - 50);
    const middles = law.density.map((_, k) => (law.prices[k] + law.prices[k + 1]) / 2);
    const trace = (/** @type {number} */ low, /** @type {number} */ high) => {
      const path = new Path2D();
      path.moveTo(4, heightOf(heat, low));
      law.density.forEach((density, k) => {
        if (law.prices[k + 1] <= low || law.prices[k] >= high) return;
        const price = Math.min(high, Math.max(low, middles[k]));
        path.lineTo(x(density), heightOf(heat, price));
      });
      path.lineTo(4, heightOf(heat, high));
      return path;
    };
    context.save();
    context.beginPath();
    context.rect(0, 0, width, floor);
    context.clip();
    context.fillStyle = ink;
    for (const [low, high] of BANDS) {
      context.globalAlpha = 0.2;
      context.fill(trace(quantile(law, low), quantile(law, high)));
    }
    context.globalAlpha = 1;
    context.strokeStyle = ink;
    context.stroke(trace(law.prices[0], law.prices[law.prices.length - 1]));
    context.restore();
    context.fillStyle = muted;
    context.textAlign = "right";
    context.textBaseline = "middle";
    let lowest = Infinity;
    for (const level of [0.025, 0.1, 0.25, 0.75, 0.9, 0.975]) {
      const price = quantile(law, level);
      const y = heightOf(heat, price);
      if (y < 6 || y > floor - 6 || lowest - y < 12) continue;
      context.fillText(strike(Math.round(price * (price < 1000 ? 10 : 1)) / (price < 1000 ? 10 : 1)), width - 2, y);
      lowest = y;
    }
    drawLevels(context, width - 44, heat, store);
    const { pin } = store.state.snapshot?.probabilities ?? {};
    const at = store.state.snapshot?.pin_risk?.magnet_strike;
    if (isKnown(pin?.value) && isKnown(pin?.low) && isKnown(pin?.high) && isKnown(at)) {
      const [top, bottom] = [heightOf(heat, pin.high), heightOf(heat, pin.low)];
      if (top > 0 && bottom < floor) {
        context.fillStyle = magnet;
        context.fillRect(2, top, 4, Math.max(2, bottom - top));
        context.textAlign = "left";
        context.fillText(`${chance(pin.value)} at ${strike(at)}`, 9, (top + bottom) / 2);
      }
    }
    context.fillStyle = muted;
    context.textAlign = "left";
    context.fillText("50 · 80 · 95%", 2, height - 8);
  });
}
