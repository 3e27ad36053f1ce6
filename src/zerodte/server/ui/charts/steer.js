/** How a person moves a map: wheel or pinch, drag, double click, arrow keys. */

/** @import uPlot from "../vendor/uPlot.esm.js" */
/** @import { Store } from "../store.js" */
import { pricesOf, spanOf } from "./heat.js";

const ZOOM = 1.0015;

/** @param {uPlot} u @param {Store} store */
export function steer(u, store) {
  const { over } = u;
  /** @type {Map<number, PointerEvent>} */
  const pointers = new Map();
  /** @type {{x: number, y: number, prices: [number, number], span: [number, number]} | null} */
  let grip = null;
  let spread = 0;

  over.addEventListener("wheel", (event) => {
    event.preventDefault();
    const factor = ZOOM ** event.deltaY;
    const { left, top } = over.getBoundingClientRect();
    if (event.shiftKey) zoomTimes(u.posToVal(event.clientX - left, "x") * 1000, ZOOM ** (event.deltaY || event.deltaX));
    else zoomPrices(u.posToVal(event.clientY - top, "y"), factor);
  }, { passive: false });

  over.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, event);
    over.setPointerCapture(event.pointerId);
    grip = { x: event.clientX, y: event.clientY, prices: pricesOf(store), span: spanOf(store) };
    spread = 0;
  });
  over.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) return;
    pointers.set(event.pointerId, event);
    if (pointers.size === 2) pinch();
    else if (grip) pan(event);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    over.addEventListener(name, (event) => {
      pointers.delete(/** @type {PointerEvent} */ (event).pointerId);
      grip = null;
    });
  }
  over.addEventListener("dblclick", () => store.set({ prices: null, span: null }));
  over.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!steps || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const size = event.shiftKey ? 20 : 4;
    const { left, top } = u.cursor;
    const x = left === undefined || left < 0 ? over.clientWidth / 2 : left;
    const y = top === undefined || top < 0 ? over.clientHeight / 2 : top;
    u.setCursor({ left: bound(x + steps[0] * size, over.clientWidth), top: bound(y + steps[1] * size, over.clientHeight) });
  });

  /** @param {PointerEvent} event */
  function pan(event) {
    if (!grip) return;
    const [low, high] = grip.prices;
    const moved = (event.clientY - grip.y) / over.clientHeight * (high - low);
    if (Math.abs(event.clientY - grip.y) > 3) store.set({ prices: [low + moved, high + moved] });
    if (store.state.span) {
      const [from, to] = grip.span.map((time) => time * 1000);
      const shift = -(event.clientX - grip.x) / over.clientWidth * (to - from);
      store.set({ span: [from + shift, to + shift] });
    }
  }

  function pinch() {
    const [a, b] = [...pointers.values()];
    const now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    const { top } = over.getBoundingClientRect();
    if (spread > 0) zoomPrices(u.posToVal((a.clientY + b.clientY) / 2 - top, "y"), spread / now);
    spread = now;
    grip = null;
  }

  /** @param {number} around @param {number} factor above 1 shows more */
  function zoomPrices(around, factor) {
    const [low, high] = pricesOf(store);
    const size = (high - low) * factor;
    if (size < around * 1e-4 || size > around) return;
    store.set({ prices: [around - (around - low) * factor, around + (high - around) * factor] });
  }

  /** @param {number} around epoch ms @param {number} factor */
  function zoomTimes(around, factor) {
    const { day } = store.state;
    if (!day) return;
    const [from, to] = spanOf(store).map((time) => time * 1000);
    const span = /** @type {[number, number]} */ ([
      Math.max(day.open, around - (around - from) * factor), Math.min(day.close, around + (to - around) * factor)]);
    if (span[1] - span[0] < 300_000) return;
    store.set({ span: span[0] <= day.open && span[1] >= day.close ? null : span });
  }
}

/** @param {number} value @param {number} most */
function bound(value, most) {
  return Math.min(most - 1, Math.max(0, value));
}
