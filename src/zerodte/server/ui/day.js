/** One session of one symbol in columns: what the charts draw, up to any instant of it. */

/** @import { Bar, Snapshot } from "./store.js" */
import { dateOf, instant, newYorkInstant } from "./numbers.js";
import { limitOf } from "./scale.js";

const HOUR = 3_600_000;
const MINUTE = 60_000;
/** The longest window that can be asked for: a whole session. */
export const SESSION_MINUTES = 390;

/** The end of a date's session as it is asked for, epoch ms; a half day ends before. @param {string} date yyyy-mm-dd */
export function endOf(date) {
  return newYorkInstant(date, "16:00");
}

/** The open and close of the session that a snapshot lies in, epoch ms. @param {Snapshot} snapshot @returns {[number, number]} */
export function sessionOf(snapshot) {
  const now = instant(snapshot.as_of);
  const [left, gone] = [snapshot.time_to_close_hours, snapshot.time_to_close_pct];
  if (left && gone !== null && gone < 100) {
    const close = Math.round((now + left * HOUR) / MINUTE) * MINUTE;
    const length = left * HOUR / (1 - gone / 100);
    return [Math.round((close - length) / MINUTE) * MINUTE, close];
  }
  const date = snapshot.expiration ?? dateOf(now);
  return [newYorkInstant(date, "09:30"), endOf(date)];
}

/** Samples of the session, one element per bar in every column. */
export class Day {
  /**
   * @param {string} symbol
   * @param {number} open epoch ms
   * @param {number} close epoch ms
   */
  constructor(symbol, open, close) {
    this.symbol = symbol;
    this.open = open;
    this.close = close;
    /** @type {number[]} */
    this.times = [];
    /** @type {Bar[]} */
    this.bars = [];
    /** @type {{from: number, to: number, reason: string}[]} spans in which inputs were missing, epoch ms */
    this.gaps = [];
    /** @type {StrikeTime | null} */
    this.heat = null;
    /** @type {StrikeTime | null} dealers' gamma of each minute's trades, by strike */
    this.traded = null;
  }

  /** Take the bars of an answer in, replacing those of the same instants. @param {Bar[]} bars */
  take(bars) {
    const known = new Map(this.bars.map((bar) => [instant(bar.t), bar]));
    for (const bar of bars) known.set(instant(bar.t), bar);
    this.times = [...known.keys()].sort((a, b) => a - b);
    this.bars = this.times.map((time) => /** @type {Bar} */ (known.get(time)));
  }

  /** Add a live bar. @param {Bar} bar @returns {boolean} whether bars in between are missing */
  append(bar) {
    const time = instant(bar.t);
    const last = this.times.at(-1) ?? time;
    if (time <= last) {
      this.take([bar]);
      return false;
    }
    this.times.push(time);
    this.bars.push(bar);
    return time - last > 45_000;
  }

  /** How many bars there are up to an instant; all of them for null. @param {number | null} at */
  countAt(at) {
    if (at === null) return this.times.length;
    let [low, high] = [0, this.times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Why inputs were missing at an instant; null where they were not. @param {number} time */
  gapAt(time) {
    return this.gaps.find(({ from, to }) => time > from && time <= to)?.reason ?? null;
  }

  /** The bar that stands at an instant. @param {number | null} at @returns {Bar | null} */
  barAt(at) {
    return this.bars[this.countAt(at) - 1] ?? null;
  }

  /**
   * The change of a cumulative figure over the minutes before an instant; null if one end is unknown.
   * @param {"hedge_flow_cumulative_all" | "hedge_flow_call_cumulative" | "hedge_flow_put_cumulative"} name
   * @param {number | null} at
   * @param {number} minutes
   */
  change(name, at, minutes) {
    const index = this.countAt(at) - 1;
    if (index < 0) return null;
    const from = this.times[index] - minutes * MINUTE;
    const now = this.bars[index][name];
    const before = from < this.open ? 0 : this.barAt(from)?.[name] ?? 0;
    return now === null || now === undefined ? null : now - before;
  }
}

/** A metric over strikes and time, in columns of equal length from the open. */
export class StrikeTime {
  /**
   * @param {number} open epoch ms
   * @param {number} length of a column, ms
   */
  constructor(open, length) {
    this.open = open;
    this.length = length;
    /** @type {number[]} ascending */
    this.strikes = [];
    /** @type {((number | null)[] | undefined)[]} by column, in the order of the strikes */
    this.columns = [];
    this.limit = 1;
  }

  /**
   * Take columns in.
   * @param {number[]} strikes
   * @param {{t: string}[]} bars
   * @param {(bar: any) => (number | null)[]} valuesOf
   * @returns {boolean} whether columns that stood have moved, so that all is to be drawn again
   */
  take(strikes, bars, valuesOf) {
    const place = this.#place(strikes);
    const fresh = [];
    for (const bar of bars) {
      const index = Math.round((instant(bar.t) - this.open) / this.length) - 1;
      if (index < 0) continue;
      const values = valuesOf(bar);
      this.columns[index] = place ? spread(values, place, this.strikes.length) : values;
      fresh.push(...values);
    }
    const limit = fresh.length ? limitOf(this.columns.flatMap((column) => column ?? [])) : this.limit;
    const grows = limit > this.limit * 1.0001;
    if (grows) this.limit = limit;
    return grows || place !== null;
  }

  /** How many minutes of columns are missing up to an instant, one column at least. @param {number} now */
  missing(now) {
    const end = this.open + this.columns.length * this.length;
    return Math.min(SESSION_MINUTES, Math.ceil(Math.max(this.length, now - end) / 60_000));
  }

  /** Where each given strike lies in the grid, which grows by new ones; null if they are the same. @param {number[]} strikes */
  #place(strikes) {
    const same = strikes.length === this.strikes.length && strikes.every((strike, i) => strike === this.strikes[i]);
    if (same) return null;
    const before = this.strikes;
    this.strikes = [...new Set([...before, ...strikes])].sort((a, b) => a - b);
    const at = new Map(this.strikes.map((strike, index) => [strike, index]));
    const indexOf = (/** @type {number} */ strike) => /** @type {number} */ (at.get(strike));
    const moved = before.map(indexOf);
    this.columns = this.columns.map((column) => column && spread(column, moved, this.strikes.length));
    return strikes.map(indexOf);
  }

  /** How many columns have ended by an instant. @param {number} time */
  countAt(time) {
    return Math.min(this.columns.length, Math.floor((time - this.open) / this.length + 1e-9));
  }

  /** The column that covers an instant. @param {number} time */
  columnAt(time) {
    return Math.ceil((time - this.open) / this.length) - 1;
  }

  /** The row of the strike nearest a price; -1 without strikes. @param {number} price */
  rowAt(price) {
    let best = -1;
    this.strikes.forEach((strike, row) => {
      if (best < 0 || Math.abs(strike - price) < Math.abs(this.strikes[best] - price)) best = row;
    });
    return best;
  }

  /** The value at an instant and row; undefined where there is no column. @param {number} time @param {number} row */
  valueAt(time, row) {
    return this.columns[this.columnAt(time)]?.[row];
  }

  /** The last whole column up to an instant. @param {number} time @returns {(number | null)[] | null} */
  lastAt(time) {
    for (let index = this.countAt(time) - 1; index >= 0; index -= 1) {
      const column = this.columns[index];
      if (column) return column;
    }
    return null;
  }

  /** The sum by strike of all columns up to an instant. @param {number} time */
  sumAt(time) {
    const sums = new Array(this.strikes.length).fill(0);
    const end = this.countAt(time);
    for (let index = 0; index < end; index += 1) {
      this.columns[index]?.forEach((value, row) => { sums[row] += value ?? 0; });
    }
    return sums;
  }
}

/** @param {(number | null)[]} values @param {number[]} place @param {number} size */
function spread(values, place, size) {
  /** @type {(number | null)[]} */
  const row = new Array(size).fill(null);
  values.forEach((value, index) => { row[place[index]] = value; });
  return row;
}
