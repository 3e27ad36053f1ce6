/** The levels of a snapshot, which several views show. */

/** @import { Snapshot } from "./store.js" */
import { isKnown } from "./numbers.js";

/** @typedef {"call wall" | "put wall" | "magnet" | "flip" | "spot"} LevelName */

/** The names of what lies at each price, dollars. @param {Snapshot} snapshot @returns {Map<number, LevelName[]>} */
export function levelsOf(snapshot) {
  /** @type {[LevelName, number | null | undefined][]} */
  const named = [
    ["call wall", snapshot.levels?.call_wall], ["put wall", snapshot.levels?.put_wall],
    ["magnet", snapshot.pin_risk?.magnet_strike], ["flip", snapshot.regime?.gamma_flip], ["spot", snapshot.underlying_price],
  ];
  /** @type {Map<number, LevelName[]>} */
  const levels = new Map();
  for (const [name, price] of named) {
    if (isKnown(price)) levels.set(price, [...(levels.get(price) ?? []), name]);
  }
  return levels;
}
