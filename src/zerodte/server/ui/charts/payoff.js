/** What a setup pays at the close, over the density of the close. */

/** @import { Store, Snapshot } from "../store.js" */
import { isKnown, signed, strike } from "../numbers.js";
import { drawing, inks } from "./canvas.js";
import { lawOf, quantile } from "./density.js";

/** @typedef {NonNullable<NonNullable<Snapshot["setup"]>["primary"]>} Entry */

/** What each share of a setup pays at a close, dollars; null without strikes or a price. @param {Entry} entry @returns {((close: number) => number) | null} */
export function payoffOf(entry) {
  const { strikes_hint: hint, economics } = entry;
  const credit = economics?.credit_at_natural ?? economics?.credit_at_mid;
  if (!hint || !isKnown(credit)) return null;
  /** @type {[number | null, number, number][]} */
  const legs = [[hint.long_call_strike, 1, 1], [hint.short_call_strike, 1, -1], [hint.long_put_strike, -1, 1], [hint.short_put_strike, -1, -1]];
  return (close) => legs.reduce((sum, [level, side, size]) =>
    (isKnown(level) ? sum + size * Math.max(0, side * (close - level)) : sum), credit);
}

/** @param {Store} store */
export function payoffChart(store) {
  return drawing("Payoff at the close over the density of the close", (context, width, height) => {
    const entry = store.state.snapshot?.setup?.primary;
    const payoff = entry && payoffOf(entry);
    const law = lawOf(store);
    const spot = store.state.snapshot?.underlying_price;
    if (!payoff || !isKnown(spot)) return;
    const sigma = store.state.snapshot?.expected_move?.remaining_1sd_dollars ?? spot * 0.005;
    const [low, high] = law ? [quantile(law, 0.005), quantile(law, 0.995)] : [spot - 2.5 * sigma, spot + 2.5 * sigma];
    const strikes = Object.values(entry.strikes_hint ?? {}).filter(isKnown);
    const grid = Array.from({ length: 121 }, (_, k) => low + (high - low) * k / 120);
    const closes = [...grid, ...strikes.filter((level) => level > low && level < high)].sort((a, b) => a - b);
    const values = closes.map(payoff);
    context.fillStyle = inks().ink;
    const most = Math.max(...values.map(Math.abs)) || 1;
    const { ink, muted, positive, negative, faint } = inks();
    const x = (/** @type {number} */ close) => (close - low) / (high - low) * width;
    const y = (/** @type {number} */ value) => (height - 14) / 2 - value / most * ((height - 14) / 2 - 4);
    if (law) {
      const largest = Math.max(...law.density);
      context.beginPath();
      context.moveTo(0, height - 14);
      law.density.forEach((density, k) => context.lineTo(x((law.prices[k] + law.prices[k + 1]) / 2), (height - 14) * (1 - 0.9 * density / largest)));
      context.lineTo(width, height - 14);
      context.globalAlpha = 0.16;
      context.fillStyle = ink;
      context.fill();
      context.globalAlpha = 1;
    }
    context.strokeStyle = faint;
    context.beginPath();
    context.moveTo(0, y(0));
    context.lineTo(width, y(0));
    context.stroke();
    context.lineWidth = 2;
    for (let k = 1; k < closes.length; k += 1) {
      context.strokeStyle = values[k] + values[k - 1] >= 0 ? positive : negative;
      context.beginPath();
      context.moveTo(x(closes[k - 1]), y(values[k - 1]));
      context.lineTo(x(closes[k]), y(values[k]));
      context.stroke();
    }
    context.lineWidth = 1;
    context.strokeStyle = ink;
    context.beginPath();
    context.moveTo(x(spot), 0);
    context.lineTo(x(spot), height - 14);
    context.stroke();
    for (const level of strikes) context.fillRect(x(level) - 0.5, height - 18, 1, 5);
    context.fillStyle = muted;
    context.textBaseline = "alphabetic";
    context.textAlign = "left";
    context.fillText(strike(Math.round(low)), 0, height - 3);
    context.textAlign = "right";
    context.fillText(strike(Math.round(high)), width, height - 3);
    context.textAlign = "center";
    context.fillText(`${signed(Math.min(...values), 1)} to ${signed(Math.max(...values), 1)}`, width / 2, height - 3);
  });
}
