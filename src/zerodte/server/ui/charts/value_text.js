/** @import { Metric } from "../store.js" */
import { count, money } from "../numbers.js";

/** A cell of the map in its unit. @param {Metric} metric @param {number | null | undefined} value */
export function valueText(metric, value) {
  return metric === "oi" ? `${count(value)} contracts` : money(value);
}
