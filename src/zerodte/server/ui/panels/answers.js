/** The five answers: regime, levels, dealers, setup, how sure. */

/** @import { Store, Snapshot } from "../store.js" */
import { card, fill, h } from "../dom.js";
import {
  chance, clock, dollars, hourMinute, instant, isKnown, money, percent, price, signed, strike, UNKNOWN, words,
} from "../numbers.js";
import { levelsOf } from "../levels.js";
import { booksFigure, meter } from "./figures.js";

/** Changes of a wall in a day that make it one to distrust. */
const RESTLESS = 10;
/** Setups to keep away from that have room on the card. */
const SHOWN_NAMES = 2;
const BEHAVIOUR = {
  positive_gamma: "By convention dealers sell rallies and buy dips: moves are dampened.",
  negative_gamma: "By convention dealers buy rallies and sell dips: moves feed on themselves.",
  unknown: "What is known does not say which way dealers hedge.",
};

/** @param {Store} store */
export function answers(store) {
  const regime = card("regime", "1 · Regime, $ per 1% move");
  const levels = card("levels", "2 · Flip and walls");
  const dealers = card("dealers", "3 · Dealers");
  const setup = card("setup", "4 · Setup");
  const sure = card("sure", "5 · How sure");
  const warnings = /** @type {HTMLDialogElement} */ (h("dialog", { class: "warnings", "aria-label": "All warnings" }));
  const all = h("button", { type: "button", class: "quiet", onclick: () => warnings.showModal() }, "all warnings");
  sure.header.append(all);

  store.on(["snapshot", "day"], () => {
    const { snapshot } = store.state;
    if (!snapshot) {
      for (const each of [regime, levels, dealers, setup, sure]) fill(each.body);
      all.hidden = true;
      return;
    }
    drawRegime(regime.body, snapshot);
    drawLevels(levels.body, snapshot, store);
    drawDealers(dealers.body, snapshot, store);
    drawSetup(setup.body, snapshot);
    drawSure(sure.body, snapshot);
    const texts = snapshot.warnings ?? [];
    all.hidden = texts.length === 0;
    all.textContent = texts.length === 1 ? "1 warning" : `${texts.length} warnings`;
    fill(warnings, h("h2", null, `${snapshot.symbol} at ${clock(instant(snapshot.as_of))}`),
      h("ul", null, ...texts.map((text) => h("li", null, text))),
      h("button", { type: "button", autofocus: true, onclick: () => warnings.close() }, "Close"));
  });
  return h("div", { class: "answers" }, regime.root, levels.root, dealers.root, setup.root, sure.root, warnings);
}

/** What is said of the regime, and how: a disputed one never as sure. @param {Snapshot} snapshot */
export function regimeOf(snapshot) {
  const { label } = snapshot.regime;
  const isDisputed = snapshot.dealer_inventory?.agrees === false;
  // A label outlasts its sign until the other one is clear.
  const net = snapshot.exposures.net_gex ?? 0;
  const isUnsettled = label === "positive_gamma" ? net < 0 : label === "negative_gamma" && net > 0;
  const name = { positive_gamma: "Positive", negative_gamma: "Negative", unknown: "Unknown" }[label] ?? words(label);
  const [title, tone] = label === "unknown" ? ["Regime unknown", "amber"]
    : isDisputed ? [`${name}, disputed`, "amber"]
    : isUnsettled ? [`${name}, unsettled`, "amber"]
    : [`${name} gamma`, label === "positive_gamma" ? "positive" : "negative"];
  return { title, tone, isDisputed, isUnsettled };
}

/** @param {Element} body @param {Snapshot} snapshot */
function drawRegime(body, snapshot) {
  const { regime, exposures, flow_direction: direction, dealer_inventory: inventory } = snapshot;
  const { title, tone, isDisputed, isUnsettled } = regimeOf(snapshot);
  const turned = direction?.label === "regime_flip" ? `Flipped today from ${money(direction.settled_net_gex)}.` : "";
  const since = regime.since ? `Since ${hourMinute(instant(regime.since))}.` : "";
  const sentence = isDisputed
    ? "The convention says one sign; what was traded today says the opposite."
    : isUnsettled ? "Net GEX has the other sign now; the label stays until that is clear."
    : BEHAVIOUR[/** @type {keyof typeof BEHAVIOUR} */ (regime.label)] ?? regime.description;
  const verdict = inventory?.agrees === true ? "✓ agrees" : inventory?.agrees === false ? "⚠ opposite" : "? sign uncertain";
  fill(body,
    h("p", { class: `headline ${tone}` }, title, " ", h("span", { class: "figure" }, money(exposures.net_gex))),
    h("p", { class: "sentence", title: regime.description }, sentence, " ", turned ? h("strong", { class: "amber" }, turned) : since),
    booksFigure(exposures.net_gex, inventory),
    h("p", { class: "foot" },
      h("span", { title: `Net GEX of the positions inferred from trades: ${money(inventory?.net_gex)}, with its 90% interval` },
        inventory ? `by trades ${money(inventory.net_gex)} (${money(inventory.net_gex_low)} to ${money(inventory.net_gex_high)})` : "no trades yet"),
      h("strong", { class: inventory?.agrees === true ? "good" : "amber" }, inventory ? verdict : "")));
}

/**
 * The levels from the highest price down, with spot among them; those at one price share a row.
 * @param {Snapshot} snapshot
 * @returns {{name: string, price: number}[]}
 */
export function levelRows(snapshot) {
  return [...levelsOf(snapshot)].map(([price, names]) => {
    const name = names.map((each) => (each === "spot" ? "▸ spot" : each)).join(" · ");
    return { price, name: name === "▸ spot" ? "▸ Spot" : name.charAt(0).toUpperCase() + name.slice(1) };
  }).sort((a, b) => b.price - a.price);
}

/** @param {Element} body @param {Snapshot} snapshot @param {Store} store */
function drawLevels(body, snapshot, store) {
  const spot = snapshot.underlying_price;
  const { expected_move: move, regime } = snapshot;
  const sigma = move?.remaining_1sd_dollars;
  const rows = levelRows(snapshot).map(({ name, price: level }) => {
    const isSpot = level === spot;
    const away = isKnown(spot) ? level - spot : null;
    const sigmas = isKnown(away) && isKnown(sigma) && sigma > 0 ? `${signed(away / sigma)}σ` : UNKNOWN;
    const tone = name.startsWith("Flip") ? "flip" : isSpot ? "strong" : "";
    return h("tr", { class: tone }, h("th", { scope: "row" }, name), h("td", null, price(level)),
      h("td", { class: "muted" }, isSpot ? "" : signed(away)), h("td", { class: "muted" }, isSpot ? "" : sigmas));
  });
  if (!isKnown(regime.gamma_flip)) {
    rows.push(h("tr", { class: "flip" }, h("th", { scope: "row" }, "Flip"),
      h("td", { colspan: 3 }, flipReason(regime.gamma_flip_status))));
  }
  const changes = store.state.day ? wallChanges(store) : null;
  fill(body, h("table", null, h("tbody", null, ...rows,
    h("tr", { class: "muted" }, h("th", { scope: "row" }, "1σ to close"), h("td", null, isKnown(sigma) ? `±${price(sigma)}` : UNKNOWN),
      h("td", { colspan: 2 }, `${strike(Math.round(move?.lower_bound ?? NaN))}–${strike(Math.round(move?.upper_bound ?? NaN))}`)))),
  changes && h("p", { class: `small ${changes.count > RESTLESS ? "amber" : "muted"}` }, changes.text));
}

/** Why the flip is not shown. @param {string} status */
export function flipReason(status) {
  return ({
    sensitive_root: "withheld: ±10% of put open interest moves it far",
    insufficient_quote_quality: "withheld: too few quotes can be trusted",
    insufficient_local_coverage: "withheld: too few strikes are quoted near it",
    insufficient_open_interest: "withheld: no open interest of a side is known",
    no_boundary: "none: net GEX has one sign near spot",
  })[status] ?? words(status).toLowerCase();
}

/** Since when the call wall stands, and how often it moved. @param {Store} store */
function wallChanges(store) {
  const { day, at } = store.state;
  if (!day) return null;
  const count = day.countAt(at);
  let changes = 0;
  let since = day.times[0];
  for (let k = 1; k < count; k += 1) {
    if (day.bars[k].call_wall === day.bars[k - 1].call_wall) continue;
    changes += 1;
    since = day.times[k];
  }
  if (!changes) return null;
  return { count: changes, text: `call wall since ${hourMinute(since)}, ${changes} ${changes === 1 ? "change" : "changes"} today` };
}

/** @param {Element} body @param {Snapshot} snapshot @param {Store} store */
function drawDealers(body, snapshot, store) {
  const { day, at } = store.state;
  const recent = day?.change("hedge_flow_cumulative_all", at, 5) ?? null;
  const bar = day?.barAt(at);
  const verb = !isKnown(recent) || recent === 0 ? "No hedge flow" : recent > 0 ? "▲ Buying" : "▼ Selling";
  const tone = !isKnown(recent) || recent === 0 ? "" : recent > 0 ? "positive" : "negative";
  const act = (/** @type {{direction?: string | null, notional_usd?: number | null} | undefined} */ move) =>
    [move?.direction ?? "", money(move?.notional_usd)];
  const { hedging } = snapshot;
  /** @type {[string, string, string][]} */
  const rows = [
    ["since open", "", money(bar?.hedge_flow_cumulative_all)],
    ["calls, puts", money(bar?.hedge_flow_call_cumulative), money(bar?.hedge_flow_put_cumulative)],
    ["if +0.25%", ...pair(act(hedging?.spot_up_25bp))],
    ["if −0.25%", ...pair(act(hedging?.spot_down_25bp))],
    ["charm", "an hour", money(bar?.charm_dollars_per_hour)],
  ];
  fill(body,
    h("p", { class: `headline ${tone}` }, verb, isKnown(recent) && recent !== 0 ? ` ${dollars(Math.abs(recent))}` : "", " ",
      h("small", null, "5 min")),
    h("table", null, h("tbody", null, ...rows.map(([name, middle, value]) =>
      h("tr", null, h("th", { scope: "row" }, name), h("td", { class: "muted" }, middle), h("td", null, value))))));
}

/** @param {string[]} values @returns {[string, string]} */
function pair(values) {
  return [values[0] ?? "", values[1] ?? ""];
}

/** The strikes of a setup: +5,630 P −5,610 P. @param {NonNullable<Snapshot["setup"]>["primary"]["strikes_hint"]} hint */
export function strikesText(hint) {
  if (!hint) return UNKNOWN;
  /** @type {[string, number | null, string][]} */
  const legs = [
    ["+", hint.long_put_strike, "P"], ["−", hint.short_put_strike, "P"],
    ["−", hint.short_call_strike, "C"], ["+", hint.long_call_strike, "C"],
  ];
  const known = legs.filter(([, level]) => isKnown(level)).map(([side, level, kind]) => `${side}${strike(level)} ${kind}`);
  return known.join(" ") || UNKNOWN;
}

/** @param {Element} body @param {Snapshot} snapshot */
function drawSetup(body, snapshot) {
  const { headline, setup } = snapshot;
  if (!headline || !setup) {
    fill(body, h("p", { class: "headline muted" }, "No decision"), h("p", { class: "sentence" }, "Too little is known to name a setup."));
    return;
  }
  const { primary, nearest, anti_setups: avoid } = setup;
  const isWait = primary.name === "wait";
  const met = primary.conditions_met.length;
  const rows = isWait
    ? [["nearest", nearest ? words(nearest) : "none"], ["waits for", setup.waits_for ?? UNKNOWN]]
    : [["first choice", `${primary.display_name} · ${primary.confidence} · ${met} of ${met + primary.conditions_failed.length}`],
      ["strikes", strikesText(primary.strikes_hint)]];
  if (avoid.length || !isWait) rows.push(["keep away", namesOf(avoid) || "nothing named"]);
  // What a wait waits for is a row of its own.
  const repeated = isWait && nearest && headline.narrative.endsWith(primary.thesis) ? primary.thesis.length : 0;
  const story = headline.narrative.slice(0, headline.narrative.length - repeated).trim();
  fill(body,
    h("p", { class: "headline" }, words(headline.trade_angle), " ", h("span", { class: `badge ${headline.severity}` }, headline.severity)),
    h("p", { class: "sentence" }, story),
    h("table", null, h("tbody", null, ...rows.map(([name, value]) =>
      h("tr", null, h("th", { scope: "row" }, name), h("td", null, value))))));
}

/** The first names, and how many more there are: all have their reasons in the panel below. @param {{display_name: string}[]} setups */
function namesOf(setups) {
  const names = setups.slice(0, SHOWN_NAMES).map((each) => each.display_name).join(", ");
  return setups.length > SHOWN_NAMES ? `${names}, ${setups.length - SHOWN_NAMES} more` : names;
}

/** @param {Element} body @param {Snapshot} snapshot */
function drawSure(body, snapshot) {
  const { metadata, probabilities, regime, warnings } = snapshot;
  const { pin, range_1sigma: range } = probabilities ?? {};
  const magnet = snapshot.pin_risk?.magnet_strike;
  const interval = range?.interval ? `${chance(range.interval[0]).replace("%", "")}–${chance(range.interval[1])}` : "";
  const first = warnings?.[0];
  fill(body, h("table", null, h("tbody", null,
    meter("Data quality", metadata.data_quality_score, 100, String(metadata.data_quality_score ?? UNKNOWN)),
    meter("Sides known", metadata.classified_volume_pct, 100, percent(metadata.classified_volume_pct)),
    meter("Quotes fresh", metadata.quotes_fresh_pct, 100, percent(metadata.quotes_fresh_pct)),
    h("tr", null, h("th", { scope: "row" }, `Close at ${strike(magnet)}`),
      h("td", { class: "muted" }, `base ${chance(pin?.base_rate)}`), h("td", null, chance(pin?.value))),
    h("tr", null, h("th", { scope: "row" }, "Close in ±1σ"),
      h("td", { class: "muted" }, interval), h("td", null, chance(range?.value))))),
  h("p", { class: "sentence muted" },
    isKnown(regime.gamma_flip) ? "Flip holds. " : "", `Pin score ${snapshot.pin_risk?.pin_score ?? UNKNOWN}. `,
    first ? h("span", { class: "amber" }, `⚠ ${first}`) : "No warning."));
}
