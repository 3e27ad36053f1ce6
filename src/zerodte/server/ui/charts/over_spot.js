/** Net GEX if spot were elsewhere, as the server reprices the chain, with its band. */

/** @import { Store } from "../store.js" */
import { isKnown, money, strike } from "../numbers.js";
import { drawing, inks } from "./canvas.js";

/** @typedef {{spot: number, gex: number, low: number, high: number}} Place */

/** The places that are known, by rising spot. @param {Store} store @returns {Place[]} */
export function gammaPlaces(store) {
  const profile = store.state.snapshot?.gamma_profile;
  if (!profile) return [];
  return profile.spots.map((spot, k) => ({ spot, gex: profile.net_gex[k], low: profile.low[k], high: profile.high[k] }))
    .filter((place) => Object.values(place).every(isKnown)).map((place) => /** @type {Place} */ (place));
}

/** @param {Store} store */
export function gammaChart(store) {
  return drawing("Net GEX if spot were elsewhere", (context, width, height) => {
    const { ink, muted, faint, flip, positive, negative } = inks();
    const places = gammaPlaces(store);
    const { snapshot } = store.state;
    context.textBaseline = "middle";
    if (places.length < 2) {
      context.fillStyle = muted;
      context.fillText("net GEX is withheld", 0, height / 2);
      return;
    }
    const [left, floor] = [44, height - 14];
    const most = Math.max(...places.flatMap(({ gex, low, high }) => [gex, low, high].map(Math.abs))) || 1;
    const [first, last] = [places[0].spot, places[places.length - 1].spot];
    const x = (/** @type {number} */ gex) => left + (width - left) / 2 + gex / most * ((width - left) / 2 - 3);
    const y = (/** @type {number} */ spot) => 6 + (last - spot) / (last - first) * (floor - 12);
    const across = (/** @type {number} */ spot, /** @type {string} */ colour, /** @type {number[]} */ dash) => {
      context.strokeStyle = colour;
      context.setLineDash(dash);
      context.beginPath();
      context.moveTo(left, y(spot));
      context.lineTo(width, y(spot));
      context.stroke();
      context.setLineDash([]);
    };
    context.beginPath();
    places.forEach(({ spot, low }) => context.lineTo(x(low), y(spot)));
    places.toReversed().forEach(({ spot, high }) => context.lineTo(x(high), y(spot)));
    context.fillStyle = faint;
    context.fill();
    context.strokeStyle = muted;
    context.beginPath();
    context.moveTo(x(0), 0);
    context.lineTo(x(0), floor);
    context.stroke();
    const level = snapshot?.regime?.gamma_flip;
    if (isKnown(level) && level > first && level < last) across(level, flip, [5, 3]);
    if (isKnown(snapshot?.underlying_price)) across(snapshot.underlying_price, faint, []);
    context.lineWidth = 2;
    places.slice(1).forEach((place, k) => {
      context.strokeStyle = place.gex + places[k].gex >= 0 ? positive : negative;
      context.beginPath();
      context.moveTo(x(places[k].gex), y(places[k].spot));
      context.lineTo(x(place.gex), y(place.spot));
      context.stroke();
    });
    context.lineWidth = 1;
    context.fillStyle = muted;
    context.textAlign = "left";
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const spot = first + share * (last - first);
      context.fillStyle = share === 0.5 ? ink : muted;
      context.fillText(strike(Math.round(spot)), 0, y(spot));
    }
    context.fillStyle = muted;
    context.fillText(money(-most), left, height - 6);
    context.textAlign = "right";
    context.fillText(money(most), width, height - 6);
  });
}
