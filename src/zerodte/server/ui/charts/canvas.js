/** A canvas that follows its element's size and the display's resolution. */

/**
 * @param {string} label what the drawing shows, for those who cannot see it
 * @param {(context: CanvasRenderingContext2D, width: number, height: number) => void} draw
 */
export function drawing(label, draw) {
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  let pending = false;

  function redraw() {
    pending = false;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (width === 0 || height === 0) return;
    const ratio = devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide || canvas.height !== high) {
      canvas.width = wide;
      canvas.height = high;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = `11px ${inks().font}`;
    draw(context, width, height);
  }

  function request() {
    if (pending || document.hidden) return;
    pending = true;
    requestAnimationFrame(redraw);
  }
  const observer = new ResizeObserver(request);
  observer.observe(canvas);
  const end = new AbortController();
  document.addEventListener("visibilitychange", request, { signal: end.signal });
  return {
    canvas,
    request,
    stop() {
      observer.disconnect();
      end.abort();
    },
  };
}

/** @type {{theme: string, value: Inks} | null} */
let known = null;

/**
 * @typedef {object} Inks the theme's colours for canvases
 * @property {string} ink @property {string} muted @property {string} faint @property {string} panel
 * @property {string} positive @property {string} negative @property {string} flip @property {string} magnet
 * @property {string} hedge @property {string} amber @property {string} pin @property {string} font
 */

/** The theme's colours, from the style sheet. @returns {Inks} */
export function inks() {
  const root = document.documentElement;
  const theme = root.dataset.theme ?? "dark";
  if (known?.theme !== theme) {
    const style = getComputedStyle(root);
    const names = ["ink", "muted", "faint", "panel", "positive", "negative", "flip", "magnet", "hedge", "amber", "pin", "font"];
    const value = /** @type {Inks} */ (/** @type {unknown} */ (
      Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]))));
    known = { theme, value };
  }
  return known.value;
}

/** The ink of a signed value. @param {number} value */
export function inkOf(value) {
  const { positive, negative, muted } = inks();
  return value > 0 ? positive : value < 0 ? negative : muted;
}

/** A hatched fill for what is unknown. @param {CanvasRenderingContext2D} context */
export function hatch(context) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const brush = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
  brush.strokeStyle = inks().faint;
  brush.lineWidth = 1;
  brush.beginPath();
  for (const offset of [-8, 0, 8]) {
    brush.moveTo(offset, 8);
    brush.lineTo(offset + 8, 0);
  }
  brush.stroke();
  return /** @type {CanvasPattern} */ (context.createPattern(tile, "repeat"));
}
