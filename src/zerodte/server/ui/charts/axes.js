/** What the time charts share: New York times, one crosshair, one look. */

/** @import uPlot from "../vendor/uPlot.esm.js" */
import { hourMinute } from "../numbers.js";
import { inks } from "./canvas.js";

/** Charts with this key move their crosshairs together. */
export const CROSSHAIR = "day";

/** The width of the price axis, so that the charts' times line up. */
export const AXIS_WIDTH = 62;
export const AXIS_HEIGHT = 24;

/**
 * The axis of times: whole half hours or hours, as the width allows.
 * @param {number} [size] its height, px
 * @returns {uPlot.Axis}
 */
export function timeAxis(size = AXIS_HEIGHT) {
  return {
    scale: "x",
    size,
    stroke: () => inks().muted,
    grid: { show: false },
    ticks: { show: false },
    font: `11px ${inks().font}`,
    gap: 4,
    splits: (u, _, low, high) => {
      const room = u.over.clientWidth || 600;
      const minutes = [5, 15, 30, 60, 120].find((step) => (high - low) / 60 / step * 64 < room) ?? 180;
      const first = Math.ceil(low / (minutes * 60)) * minutes * 60;
      const count = Math.max(0, Math.floor((high - first) / (minutes * 60)) + 1);
      return Array.from({ length: count }, (_, k) => first + k * minutes * 60);
    },
    values: (u, splits) => splits.map((split) => {
      // A label at the very edge would be cut.
      const place = u.valToPos(split, "x");
      return place < 16 || place > u.over.clientWidth + AXIS_WIDTH - 16 ? "" : hourMinute(split * 1000);
    }),
  };
}

/**
 * A line with a casing, so that it reads over any colour; it breaks where a value is unknown.
 * @param {uPlot} u
 * @param {number[]} times epoch s
 * @param {(number | null)[]} values
 * @param {{ink: string, width?: number, dash?: number[], scale?: string, casing?: boolean, steps?: boolean}} look
 *   `steps` draws level stretches without risers
 */
export function drawLine(u, times, values, { ink, width = 1.5, dash = [], scale = "y", casing = true, steps = false }) {
  const path = new Path2D();
  /** @type {number | null} */
  let before = null;
  let place = 0;
  values.forEach((value, index) => {
    const x = u.valToPos(times[index], "x", true);
    if (value === null || value === undefined) before = null;
    else {
      const y = u.valToPos(value, scale, true);
      if (before === null || (steps && before !== value)) path.moveTo(steps && index > 0 ? place : x, y);
      path.lineTo(x, y);
      before = value;
    }
    place = x;
  });
  const { ctx } = u;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  clip(u);
  ctx.lineJoin = "round";
  if (casing) {
    ctx.strokeStyle = inks().panel;
    ctx.lineWidth = (width + 2.5) * ratio;
    ctx.stroke(path);
  }
  ctx.setLineDash(dash.map((length) => length * ratio));
  ctx.strokeStyle = ink;
  ctx.lineWidth = width * ratio;
  ctx.stroke(path);
  ctx.restore();
}

/** Draw within the plot only. @param {uPlot} u */
export function clip(u) {
  const { left, top, width, height } = u.bbox;
  u.ctx.beginPath();
  u.ctx.rect(left, top, width, height);
  u.ctx.clip();
}

/**
 * Keep a chart as large as its element.
 * @param {uPlot} u
 * @param {HTMLElement} element
 */
export function follow(u, element) {
  new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = element;
    if (width > 0 && height > 0 && (width !== u.width || height !== u.height)) u.setSize({ width, height });
  }).observe(element);
}

/**
 * Labels beside their levels, pushed apart so that none covers another.
 * @param {uPlot} u
 * @param {{price: number, text: string, ink: string}[]} labels
 * @param {number} x canvas px
 */
export function drawLabels(u, labels, x) {
  const ratio = devicePixelRatio || 1;
  const { ctx, bbox } = u;
  const height = 16 * ratio;
  const places = labels.map((label) => ({ ...label, y: u.valToPos(label.price, "y", true) }))
    .filter(({ y }) => y >= bbox.top && y <= bbox.top + bbox.height)
    .sort((a, b) => a.y - b.y);
  for (let pass = 0; pass < 3; pass += 1) {
    for (let k = 1; k < places.length; k += 1) {
      const overlap = height - (places[k].y - places[k - 1].y);
      if (overlap > 0) {
        places[k - 1].y -= overlap / 2;
        places[k].y += overlap / 2;
      }
    }
  }
  ctx.save();
  ctx.font = `${11 * ratio}px ${inks().font}`;
  ctx.textBaseline = "middle";
  for (const { text, ink, y } of places) {
    const width = ctx.measureText(text).width + 8 * ratio;
    const left = Math.min(x, bbox.left + bbox.width - width);
    ctx.fillStyle = inks().panel;
    ctx.globalAlpha = 0.86;
    ctx.fillRect(left, y - height / 2, width, height);
    ctx.globalAlpha = 1;
    ctx.fillStyle = ink;
    ctx.fillText(text, left + 4 * ratio, y + 0.5 * ratio);
  }
  ctx.restore();
}
