/** The numbers behind the charts as tables: for screen readers, and for doubters. */

/** @import { Store } from "../store.js" */
import { nowOf } from "../charts/heat.js";
import { hedgeRows } from "../charts/hedge.js";
import { gammaPlaces } from "../charts/over_spot.js";
import { fill, h, segments } from "../dom.js";
import { clock, stamp } from "../numbers.js";

/** @type {[string, string][]} */
const TABLES = [["session", "Session"], ["strikes", "By strike"], ["inventory", "Inventory"], ["map", "Map"], ["moves", "If spot moves"], ["gamma", "GEX over spot"]];
const MOST_ROWS = 500;

/** @typedef {{head: string[], rows: unknown[][]}} Table */

/** @param {Store} store @param {string} name @returns {Table} */
export function tableOf(store, name) {
  const { day, snapshot, at } = store.state;
  if (name === "strikes") {
    const head = ["strike", "net_gex", "call_gex", "put_gex", "net_dex", "call_oi", "put_oi", "call_volume", "put_volume"];
    return { head, rows: (snapshot?.strikes ?? []).map((row) => head.map((field) => /** @type {any} */ (row)[field])) };
  }
  if (name === "inventory") {
    const head = ["strike", "net_gex", "net_gex_low", "net_gex_high"];
    return { head, rows: (snapshot?.dealer_inventory?.strikes ?? []).map((row) => head.map((field) => /** @type {any} */ (row)[field])) };
  }
  if (name === "moves") return { head: ["spot", "notional_usd"], rows: hedgeRows(store) };
  if (name === "gamma") {
    return { head: ["spot", "net_gex", "low", "high"], rows: gammaPlaces(store).map(({ spot, gex, low, high }) => [spot, gex, low, high]) };
  }
  if (!day) return { head: [], rows: [] };
  if (name === "map") {
    const { heat } = day;
    if (!heat) return { head: [], rows: [] };
    const rows = heat.columns.slice(0, heat.countAt(nowOf(store))).flatMap((column, index) =>
      (column ? [[stamp(day.open + (index + 1) * heat.length), ...column]] : []));
    return { head: ["t", ...heat.strikes.map(String)], rows };
  }
  const head = ["t", "spot", "net_gex", "gamma_flip", "call_wall", "put_wall", "magnet", "pin_score", "regime",
    "hedge_flow_cumulative_all", "hedge_flow_call_cumulative", "hedge_flow_put_cumulative"];
  return { head, rows: day.bars.slice(0, day.countAt(at)).map((bar) => head.map((field) => /** @type {any} */ (bar)[field])) };
}

/** @param {Store} store */
export function tablePanel(store) {
  let name = "session";
  const body = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Numbers" });
  const choice = segments("Table", TABLES, (chosen) => { name = chosen; show(); });
  const dialog = h("dialog", { class: "numbers", "aria-label": "Numbers" },
    h("div", { class: "row" }, h("h2", null, "Numbers"), choice.root, h("button", { type: "button", onclick: () => dialog.close() }, "Close")), body);

  function show() {
    choice.press(name);
    const { head, rows } = tableOf(store, name);
    const newest = name === "session" || name === "map" ? rows.toReversed() : rows;
    fill(body, h("table", null,
      h("caption", null, `${store.state.symbol} at ${clock(nowOf(store))}${newest.length > MOST_ROWS ? `; the newest ${MOST_ROWS}` : ""}${rows.length ? "" : name === "inventory" ? ": choose the profile inv" : ": none yet"}`),
      h("thead", null, h("tr", null, ...head.map((field) => h("th", { scope: "col" }, field)))),
      h("tbody", null, ...newest.slice(0, MOST_ROWS).map((row) =>
        h("tr", null, ...row.map((value) => h("td", null, value === null || value === undefined ? "–" : String(value))))))));
  }
  return { dialog, open: () => { show(); dialog.showModal(); } };
}
