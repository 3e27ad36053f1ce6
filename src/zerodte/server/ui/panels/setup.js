/** Why this setup: its conditions with what was observed, its odds, and its payoff over the density. */

/** @import { Store, Snapshot } from "../store.js" */
import { payoffChart, payoffOf } from "../charts/payoff.js";
import { card, fill, h } from "../dom.js";
import { levelsOf } from "../levels.js";
import { chance, isKnown, price, signed, strike } from "../numbers.js";

/** @param {Store} store */
export function setupPanel(store) {
  const { root, body } = card("why", "Why this setup");
  const list = h("ul", { class: "conditions", tabindex: 0, "aria-label": "Conditions" });
  const odds = h("p", { class: "small muted" });
  const payoff = payoffChart(store);
  payoff.canvas.classList.add("payoff");
  body.append(list, odds, payoff.canvas);
  store.on(["snapshot", "theme"], () => {
    const entry = store.state.snapshot?.setup?.primary;
    if (!entry) {
      fill(list, h("li", { class: "muted" }, "No setup: too little is known."));
      fill(odds);
      payoff.canvas.hidden = true;
      return;
    }
    const met = entry.conditions_met.map((text) => condition("met", "✓ ", text));
    const failed = entry.conditions_failed.map((text) => condition("failed", "✕ ", text));
    const snapshot = /** @type {Snapshot} */ (store.state.snapshot);
    const avoid = (snapshot.setup?.anti_setups ?? []).map((each) => avoided(each, snapshot));
    fill(list, ...(entry.name === "wait" ? [...failed, ...avoid, ...met] : [...met, ...failed, ...avoid]));
    fill(odds, oddsText(entry));
    payoff.canvas.hidden = payoffOf(entry) === null;
    payoff.request();
  });
  return root;
}

/**
 * What to keep away from, why, and at which prices.
 * @param {{display_name: string, thesis: string, conditions_met: string[]}} setup
 * @param {Snapshot} snapshot
 */
function avoided({ display_name: name, thesis, conditions_met: met }, snapshot) {
  const reasons = `${thesis} ${met.join(" ")}`;
  const prices = [...levelsOf(snapshot)].flatMap(([level, names]) =>
    names.filter((each) => reasons.includes(each.replace(/^(call|put) /, "")) && each !== "spot").map((each) => `${each} ${strike(level)}`));
  const at = prices.length ? ` (${prices.join(", ")})` : "";
  return h("li", { class: "avoid" }, h("b", null, `${name}: `), `${thesis.replace(/\.$/, "")}${at}.`);
}

/** @param {"met" | "failed"} name @param {string} mark @param {string} text */
function condition(name, mark, text) {
  return h("li", { class: name }, h("b", null, h("span", { "aria-hidden": "true" }, mark), h("span", { class: "unseen" }, `${name}: `)), text);
}

/** @param {NonNullable<import("../store.js").Snapshot["setup"]>["primary"]} entry */
function oddsText({ economics, thesis }) {
  if (!economics || !isKnown(economics.credit_at_natural)) return thesis;
  const { credit_at_natural: credit, max_loss: loss, probability_of_profit: won, expected_value: expected } = economics;
  const ends = economics.break_evens.map((level) => price(level)).join(", ");
  return `${credit >= 0 ? "Credit" : "Debit"} ${price(Math.abs(credit))}, at most ${price(loss)} lost; even at ${ends}; `
    + `profit ${chance(won)}, ${signed(expected)} expected.`;
}
