/** Colours of signed values: positive blue, negative orange, zero the colour of the panel. */

/** @typedef {[number, number, number]} Colour */

/** @type {Record<"dark" | "light", {zero: Colour, positive: Colour[], negative: Colour[]}>} */
const RAMPS = {
  dark: {
    zero: [17, 20, 27],
    positive: [[31, 95, 176], [90, 169, 255], [190, 222, 255]],
    negative: [[150, 82, 20], [255, 157, 61], [255, 222, 180]],
  },
  light: {
    zero: [255, 255, 255],
    positive: [[150, 190, 235], [11, 95, 192], [4, 45, 105]],
    negative: [[235, 190, 140], [178, 84, 0], [95, 42, 0]],
  },
};
const STEPS = 256;

/** @param {Colour[]} stops @param {number} t from 0 to 1 @returns {Colour} */
function between(stops, t) {
  const place = t * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(place));
  const [from, to] = [stops[index], stops[index + 1]];
  return /** @type {Colour} */ (from.map((value, channel) => Math.round(value + (to[channel] - value) * (place - index))));
}

/**
 * RGBA pixels from the most negative to the most positive value; the middle is zero.
 * @param {"dark" | "light"} theme
 */
export function colourTable(theme) {
  const { zero, positive, negative } = RAMPS[theme];
  const table = new Uint32Array(2 * STEPS + 1);
  const bytes = new Uint8Array(table.buffer);
  for (let step = -STEPS; step <= STEPS; step += 1) {
    const stops = [zero, ...(step < 0 ? negative : positive)];
    bytes.set([...between(stops, Math.abs(step) / STEPS), 255], 4 * (step + STEPS));
  }
  return table;
}

/** The place in the table of a value: its signed root, up to the limit. @param {number} value @param {number} limit */
export function step(value, limit) {
  const root = Math.min(1, Math.sqrt(Math.abs(value) / limit));
  return STEPS + Math.round(Math.sign(value) * root * STEPS);
}

/** A CSS gradient of the table. @param {"dark" | "light"} theme */
export function gradient(theme) {
  const { zero, positive, negative } = RAMPS[theme];
  const stops = [...negative.toReversed(), zero, ...positive].map(([r, g, b]) => `rgb(${r} ${g} ${b})`);
  return `linear-gradient(90deg, ${stops.join(", ")})`;
}

/**
 * The size that 98.5% of the values do not exceed; 1 where there are none.
 * @param {Iterable<number | null>} values
 */
export function limitOf(values) {
  const sizes = [];
  for (const value of values) if (value !== null && Math.abs(value) > 0) sizes.push(Math.abs(value));
  // Numbers of a typed array sort without a call for each pair.
  const sorted = Float64Array.from(sizes).sort();
  return sorted[Math.floor(0.985 * (sorted.length - 1))] || 1;
}
