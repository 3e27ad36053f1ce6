/** Numbers and times as the page writes them. What is unknown is "–", never 0. */

export const UNKNOWN = "–";
const MINUS = "−";
const SUFFIXES = /** @type {[number, string][]} */ ([[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "K"]]);

/** @typedef {number | null | undefined} Figure */

/**
 * @param {Figure} value
 * @returns {value is number}
 */
export function isKnown(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/**
 * A number with its sign and three significant digits, such as +3.80B.
 * @param {number} value
 */
function compact(value) {
  const size = Math.abs(value);
  const [unit, suffix] = SUFFIXES.find(([unit]) => size >= unit * 0.9995) ?? [1, ""];
  const scaled = size / unit;
  const digits = scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return (unit === 1 && Number.isInteger(scaled) ? `${scaled}` : scaled.toFixed(digits)) + suffix;
}

/** @param {number} value */
function sign(value) {
  return value > 0 ? "+" : value < 0 ? MINUS : "";
}

/** Dollars with their sign: +$3.80B. @param {Figure} value */
export function money(value) {
  return isKnown(value) ? `${sign(value)}$${compact(value)}` : UNKNOWN;
}

/** Dollars without a sign: $3.80B. @param {Figure} value */
export function dollars(value) {
  return isKnown(value) ? `$${compact(value)}` : UNKNOWN;
}

/** A count or metric without a unit: 12.4K. @param {Figure} value */
export function count(value) {
  return isKnown(value) ? `${value < 0 ? MINUS : ""}${compact(value)}` : UNKNOWN;
}

/** @param {Figure} value @param {number} [digits] */
export function price(value, digits = 2) {
  if (!isKnown(value)) return UNKNOWN;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A strike, with decimals only where it has them. @param {Figure} value */
export function strike(value) {
  return isKnown(value) ? value.toLocaleString("en-US", { maximumFractionDigits: 2 }) : UNKNOWN;
}

/** @param {Figure} value @param {number} [digits] */
export function signed(value, digits = 2) {
  return isKnown(value) ? sign(value) + price(Math.abs(value), digits) : UNKNOWN;
}

/** @param {Figure} value @param {number} [digits] */
export function percent(value, digits = 0) {
  return isKnown(value) ? `${value.toFixed(digits).replace("-", MINUS)}%` : UNKNOWN;
}

/** A probability as a percentage. @param {Figure} value */
export function chance(value) {
  if (!isKnown(value)) return UNKNOWN;
  const points = value * 100;
  if (points > 0 && points < 1) return "<1%";
  if (points > 99 && points < 100) return ">99%";
  return `${points.toFixed(0)}%`;
}

/** Nanoseconds stay on the server: times here are epoch milliseconds. @param {string} text */
export function instant(text) {
  return Date.parse(text);
}

/** An instant as the API writes it. @param {number} time epoch ms */
export function stamp(time) {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

/** @param {Intl.DateTimeFormatOptions} options */
function newYork(options) {
  return new Intl.DateTimeFormat("en-US", { timeZone: "America/New_York", ...options });
}

const CLOCK = newYork({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const PARTS = newYork({
  year: "numeric", month: "2-digit", day: "2-digit",
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const DAY = newYork({ weekday: "short", day: "numeric", month: "short", year: "numeric" });

/** The time of day in New York: 14:05:00. @param {Figure} time epoch ms */
export function clock(time) {
  return isKnown(time) ? CLOCK.format(time) : UNKNOWN;
}

/** The time of day in New York: 14:05. @param {Figure} time epoch ms */
export function hourMinute(time) {
  return isKnown(time) ? CLOCK.format(time).slice(0, 5) : UNKNOWN;
}

/** A day in words: Tue, Nov 24, 2026. @param {number} time epoch ms */
export function dayName(time) {
  return DAY.format(time);
}

/** The date in New York, yyyy-mm-dd. @param {number} time epoch ms */
export function dateOf(time) {
  const part = Object.fromEntries(PARTS.formatToParts(time).map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day}`;
}

/**
 * The instant of a date and a time of day in New York, epoch ms; NaN if it is none.
 * @param {string} date yyyy-mm-dd
 * @param {string} time HH:MM or HH:MM:SS
 */
export function newYorkInstant(date, time) {
  const utc = Date.parse(`${date}T${time.length === 5 ? `${time}:00` : time}Z`);
  if (Number.isNaN(utc)) return NaN;
  // The offset at about that time; sessions are hours away from changes of the clock.
  const there = Date.parse(`${dateOf(utc)}T${clock(utc)}Z`);
  return utc + (utc - there);
}

/** Hours in words: 1 h 55 min. @param {Figure} hours */
export function duration(hours) {
  if (!isKnown(hours)) return UNKNOWN;
  const minutes = Math.round(hours * 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** An age in words: 0.4 s, 52 s, 3 min. @param {number} ms */
export function age(ms) {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

/** A code such as put_debit_spread in words. @param {string | null | undefined} code */
export function words(code) {
  const text = (code ?? UNKNOWN).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
