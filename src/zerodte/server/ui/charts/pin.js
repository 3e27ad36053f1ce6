/** A point of the map that stays under its own crosshair, and what has changed from it to another. */

/** @import uPlot from "../vendor/uPlot.esm.js" */
/** @import { Store } from "../store.js" */
import { isKnown, signed } from "../numbers.js";
import { clip } from "./axes.js";
import { inks } from "./canvas.js";
import { valueText } from "./value_text.js";

/** A press that moves further is a drag. */
const CLICK_PX = 4;

/**
 * @typedef {object} Point what the map says at a place
 * @property {number} time epoch ms, the end of the column
 * @property {number} price the strike's, dollars
 * @property {number | null | undefined} value of the cell
 * @property {string} text
 */

/**
 * Pin by click or Enter, measure with Shift, let go by Escape or a click on the pin.
 * @param {uPlot} u @param {Store} store
 * @param {(left: number, top: number) => Point | null} pointAt
 * @returns {() => void} draws the pin
 */
export function pinning(u, store, pointAt) {
  /** @type {Point | null} */
  let pin = null;
  /** @type {Point | null} */
  let end = null;
  /** @type {[number, number] | null} */
  let pressed = null;
  const label = document.createElement("div");
  label.className = "pinned";
  label.setAttribute("role", "status");
  label.hidden = true;
  u.over.append(label);

  /** @param {number} left @param {number} top @param {boolean} isMeasured */
  function choose(left, top, isMeasured) {
    const point = pointAt(left, top);
    if (!point) return;
    const isSame = pin !== null && pin.time === point.time && pin.price === point.price;
    if (isMeasured && pin) end = isSame ? null : point;
    else [pin, end] = [isSame ? null : point, null];
    u.redraw(false);
  }

  u.over.addEventListener("pointerdown", ({ clientX, clientY }) => { pressed = [clientX, clientY]; });
  u.over.addEventListener("click", ({ clientX, clientY, shiftKey, detail }) => {
    const { left, top } = u.over.getBoundingClientRect();
    const moved = pressed ? Math.hypot(clientX - pressed[0], clientY - pressed[1]) : 0;
    // The second click of a double one resets the view.
    if (moved <= CLICK_PX && detail < 2) choose(clientX - left, clientY - top, shiftKey);
  });
  u.over.addEventListener("keydown", (event) => {
    const { left, top } = u.cursor;
    if (event.key === "Escape" && pin) [pin, end] = [null, null];
    else if (event.key === "Enter" && left !== undefined && left >= 0) choose(left, top ?? 0, event.shiftKey);
    else return;
    event.preventDefault();
    u.redraw(false);
  });
  store.on(["symbol", "date", "metric", "mode", "bar"], () => { [pin, end] = [null, null]; });

  return () => {
    label.hidden = pin === null;
    if (!pin) return;
    const ratio = devicePixelRatio || 1;
    const { ctx, bbox } = u;
    ctx.save();
    clip(u);
    ctx.strokeStyle = inks().amber;
    ctx.lineWidth = ratio;
    for (const { time, price } of end ? [pin, end] : [pin]) {
      const [x, y] = [u.valToPos(time / 1000, "x", true), u.valToPos(price, "y", true)];
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    ctx.restore();
    label.textContent = end ? changeText(pin, end, store) : pin.text;
    label.dataset.value = end ? String(changeOf(pin, end)) : String(pin.value);
    const at = end ?? pin;
    label.style.left = `${Math.max(2, Math.min(u.valToPos(at.time / 1000, "x") + 6, u.over.clientWidth - label.offsetWidth - 4))}px`;
    label.style.top = `${Math.max(2, Math.min(u.valToPos(at.price, "y") + 6, u.over.clientHeight - 24))}px`;
  };
}

/** @param {Point} from @param {Point} to @returns {number | null} */
function changeOf(from, to) {
  return isKnown(from.value) && isKnown(to.value) ? to.value - from.value : null;
}

/** @param {Point} from @param {Point} to @param {Store} store */
function changeText(from, to, store) {
  const minutes = Math.round((to.time - from.time) / 60_000);
  return `Δ ${signed(minutes, 0) || "0"} min  ${signed(to.price - from.price)}  ${valueText(store.state.metric, changeOf(from, to))}`;
}
