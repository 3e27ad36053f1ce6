/** The pixels of a strike x time map: one per cell, redrawn only where they change. */

/** @import { StrikeTime } from "../day.js" */
import { colourTable, step } from "../scale.js";

export class Raster {
  #canvas = document.createElement("canvas");
  #context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d"));
  /** @type {StrikeTime | null} */
  #map = null;
  /** @type {(unknown[] | undefined)[]} the columns as they were drawn */
  #drawn = [];
  #limit = 0;
  #theme = "";

  /**
   * Bring the pixels up to date.
   * @param {StrikeTime} map
   * @param {"dark" | "light"} theme
   * @param {number} columns how many a whole session has
   */
  update(map, theme, columns) {
    const rows = map.strikes.length;
    const { width, height } = this.#canvas;
    const isNew = map !== this.#map || theme !== this.#theme || map.limit !== this.#limit || width !== columns || height !== rows;
    if (isNew) {
      this.#canvas.width = columns;
      this.#canvas.height = rows;
      this.#drawn = [];
      [this.#map, this.#theme, this.#limit] = [map, theme, map.limit];
    }
    if (rows === 0) return;
    const table = colourTable(theme);
    map.columns.forEach((values, column) => {
      if (!values || this.#drawn[column] === values || column >= columns) return;
      const image = this.#context.createImageData(1, rows);
      const pixels = new Uint32Array(image.data.buffer);
      values.forEach((value, row) => {
        // The first row of pixels is the highest strike; what is unknown stays transparent.
        if (value !== null) pixels[rows - 1 - row] = table[step(value, map.limit)];
      });
      this.#context.putImageData(image, column, 0);
      this.#drawn[column] = values;
    });
  }

  /**
   * Draw columns onto a chart, each row from half way to its neighbour below to half way above.
   * @param {CanvasRenderingContext2D} context
   * @param {number} columns how many, from the first
   * @param {(column: number) => number} left the left edge of a column, px
   * @param {(price: number) => number} top px of a price
   */
  paint(context, columns, left, top) {
    const strikes = this.#map?.strikes ?? [];
    const rows = strikes.length;
    if (columns <= 0 || rows < 2) return;
    context.imageSmoothingEnabled = false;
    const [x, right] = [left(0), left(columns)];
    const edges = edgesOf(strikes);
    for (let row = 0; row < rows; row += 1) {
      const high = Math.round(top(edges[row + 1]));
      const low = Math.round(top(edges[row]));
      if (low <= high) continue;
      context.drawImage(this.#canvas, 0, rows - 1 - row, columns, 1, x, high, right - x, low - high);
    }
  }
}

/** The prices between which each strike's row lies. @param {number[]} strikes ascending, two or more */
export function edgesOf(strikes) {
  const between = strikes.slice(1).map((strike, index) => (strike + strikes[index]) / 2);
  const last = strikes.length - 1;
  const first = strikes[0] - (strikes[1] - strikes[0]) / 2;
  return [first, ...between, strikes[last] + (strikes[last] - strikes[last - 1]) / 2];
}
