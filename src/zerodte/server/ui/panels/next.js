/** The map of the next expiry, while no session is open: its levels on settled open interest. */

/** @import { Store } from "../store.js" */
import { endOf } from "../day.js";
import { card, fill, h } from "../dom.js";
import { dayName, money, price, signed, strike, words } from "../numbers.js";

/** @param {Store} store */
export function nextPanel(store) {
  const { root, body } = card("next", "The next expiry");
  store.on(["next"], () => {
    const { next } = store.state;
    root.hidden = next === null;
    if (!next) return;
    const { levels, regime, expected_move: move } = next;
    /** @type {[string, string][]} */
    const rows = [
      ["Spot", price(next.underlying_price)],
      ["Net GEX", money(next.net_gex)],
      ["Regime", words(regime.label)],
      ["Flip", regime.gamma_flip === null ? `withheld: ${words(regime.gamma_flip_status).toLowerCase()}` : price(regime.gamma_flip)],
      ["Call wall", strike(levels.call_wall)],
      ["Put wall", strike(levels.put_wall)],
      ["Magnet", strike(next.magnet_strike)],
      ["Max pain", strike(next.max_pain)],
      ["1σ of the session", `±${signed(move.implied_1sd_dollars).replace("+", "")}`],
    ];
    const doubt = next.provisional ? "Its morning's open interest is still to be published. " : "";
    fill(body,
      h("p", { class: "headline" }, dayName(endOf(next.expiration))),
      h("p", { class: "sentence" }, `On settled open interest and the last quotes. ${doubt}`,
        next.warnings.length ? h("span", { class: "amber" }, `⚠ ${next.warnings.join("; ")}`) : null),
      h("table", null, h("tbody", null, ...rows.map(([name, value]) => h("tr", null, h("th", { scope: "row" }, name), h("td", null, value))))));
  });
  return root;
}
