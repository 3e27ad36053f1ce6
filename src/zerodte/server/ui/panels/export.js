/** What leaves the page: a picture that says what it shows, a CSV as answered, and the call that was asked. */

/** @import { Store } from "../store.js" */
import { address, FLOW, get } from "../api.js";
import { inks } from "../charts/canvas.js";
import { nowOf } from "../charts/heat.js";
import { SESSION_MINUTES } from "../day.js";
import { h } from "../dom.js";
import { clock, dayName, stamp } from "../numbers.js";
import { tableOf } from "./table.js";

/** The API call behind a table. @param {Store["state"]} state @param {string} [name] of the table */
export function callOf({ symbol, metric, mode, bar, at, date, day }, name = "map") {
  const until = at ?? (date && day ? day.times.at(-1) ?? null : null);
  const then = { at: until === null ? null : stamp(until) };
  if (name === "session") return address(`${FLOW}/series/${symbol}`, { bar: "30s", minutes: SESSION_MINUTES, ...then });
  if (name === "strikes") return address(`${FLOW}/snapshot/${symbol}`, then);
  return address(`${FLOW}/heatmap/${symbol}`, { metric, mode, bar, minutes: SESSION_MINUTES, ...then });
}

/** What a picture or table is of, in one line. @param {Store} store */
export function caption(store) {
  const { symbol, snapshot } = store.state;
  const time = nowOf(store);
  const mark = snapshot?.source === "simulated" ? "SIMULATED, not market data · " : "";
  return `${mark}${symbol} ${dayName(time)} ${clock(time)} New York · source ${snapshot?.source ?? "unknown"} · digest ${snapshot?.metadata.inputs_digest ?? "unknown"}`;
}

/** A CSV of the numbers behind a chart; unknown ones are empty. @param {Store} store @param {string} name */
export function csvOf(store, name) {
  return csv(store, name, tableOf(store, name));
}

/** A CSV of the map with all digits, which the drawing does without. @param {Store} store */
export async function mapCsv(store) {
  const { body } = await get(callOf(store.state));
  const rows = body.bars.map((/** @type {any} */ bar) => [bar.t, ...bar.values]);
  return csv(store, "map", { head: ["t", ...body.strikes_grid.map(String)], rows });
}

/** @param {Store} store @param {string} name @param {import("./table.js").Table} table */
function csv(store, name, { head, rows }) {
  const quote = (/** @type {unknown} */ value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [`# ${caption(store)}`, `# ${location.origin}${callOf(store.state, name)}`, head.map(quote).join(","), ...rows.map((row) => row.map(quote).join(","))].join("\n");
}

/** All drawings of the page in one picture, with its caption and mark. @param {Store} store @returns {Promise<Blob>} */
async function picture(store) {
  const main = /** @type {HTMLElement} */ (document.querySelector("main"));
  const frame = main.getBoundingClientRect();
  const ratio = devicePixelRatio || 1;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(frame.width * ratio);
  canvas.height = Math.round((frame.height + 34) * ratio);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const { panel, ink, muted, amber, font } = inks();
  context.fillStyle = panel;
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (const part of main.querySelectorAll("canvas")) {
    const box = part.getBoundingClientRect();
    if (box.width && part.width) {
      context.drawImage(part, (box.left - frame.left) * ratio, (box.top - frame.top) * ratio, box.width * ratio, box.height * ratio);
    }
  }
  context.textBaseline = "top";
  for (const text of main.querySelectorAll("h2, .headline, .answers th, .answers td, .answers .sentence, .conditions li")) {
    const box = text.getBoundingClientRect();
    if (!box.width) continue;
    const size = parseFloat(getComputedStyle(text).fontSize);
    context.font = `${size * ratio}px ${font}`;
    context.fillStyle = text.matches("th") ? muted : ink;
    context.fillText(/** @type {HTMLElement} */ (text).innerText, (box.left - frame.left) * ratio, (box.top - frame.top) * ratio, box.width * ratio);
  }
  context.font = `${12 * ratio}px ${font}`;
  context.fillStyle = ink;
  context.fillText(caption(store), 10 * ratio, (frame.height + 10) * ratio);
  if (store.state.snapshot?.source === "simulated") {
    context.save();
    context.globalAlpha = 0.22;
    context.fillStyle = amber;
    context.font = `bold ${90 * ratio}px ${font}`;
    context.textAlign = "center";
    context.translate(canvas.width / 2, canvas.height / 2);
    context.rotate(-0.35);
    context.fillText("SIMULATED", 0, 0);
    context.restore();
  }
  return new Promise((done, fail) => {
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("the picture could not be made"))), "image/png");
  });
}

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** @param {Store} store */
export function exportPanel(store) {
  const said = h("p", { class: "muted", role: "status" });
  const copy = async (/** @type {string} */ text, /** @type {string} */ what) => {
    await navigator.clipboard.writeText(text).then(() => { said.textContent = `${what} is copied.`; }, () => { said.textContent = text; });
  };
  const name = (/** @type {string} */ ending) =>
    `zerodte-${store.state.snapshot?.source === "simulated" ? "SIMULATED-" : ""}${store.state.symbol}-${stamp(nowOf(store)).replaceAll(":", "")}.${ending}`;
  const saveMap = () => mapCsv(store).then((text) => save(new Blob([text], { type: "text/csv" }), name("map.csv")),
    (error) => { said.textContent = String(error.message); });
  const dialog = h("dialog", { class: "export", "aria-label": "Export" }, h("h2", null, "Export"), h("div", { class: "column" },
    h("button", { type: "button", onclick: async () => save(await picture(store), name("png")) }, "Picture (PNG)"),
    h("button", { type: "button", onclick: () => save(new Blob([csvOf(store, "session")], { type: "text/csv" }), name("session.csv")) }, "Session (CSV)"),
    h("button", { type: "button", onclick: () => save(new Blob([csvOf(store, "strikes")], { type: "text/csv" }), name("strikes.csv")) }, "By strike (CSV)"),
    h("button", { type: "button", onclick: saveMap }, "Map (CSV)"),
    h("button", { type: "button", onclick: () => copy(`curl -s '${location.origin}${callOf(store.state)}'`, "The call") }, "Copy as curl"),
    h("button", { type: "button", onclick: () => copy(proof(store), "The proof") }, "Copy proof")),
  said, h("button", { type: "button", onclick: () => dialog.close() }, "Close"));
  return { dialog, button: h("button", { type: "button", "aria-label": "Export", onclick: () => dialog.showModal() }, "⤓") };
}

/** What proves a figure: the address, the tag and the digest of its inputs. @param {Store} store */
function proof(store) {
  const { symbol, snapshot, etag, at } = store.state;
  const path = address(`${FLOW}/snapshot/${symbol}`, { at: snapshot?.as_of });
  // The tag of a live answer is another than that of the same instant asked as a past one.
  return `${location.origin}${path}\n${at !== null && etag ? `ETag: ${etag}\n` : ""}inputs_digest: ${snapshot?.metadata.inputs_digest ?? "unknown"}`;
}
