/** The time bar: any instant of the day, play, step, date, and the way back to now. */

/** @import { Store } from "../store.js" */
import { drawing, hatch, inks } from "../charts/canvas.js";
import { nowOf } from "../charts/heat.js";
import { endOf } from "../day.js";
import { fill, h } from "../dom.js";
import { clock, dateOf, dayName, hourMinute } from "../numbers.js";

const SPEEDS = [1, 10, 60, 300];

/**
 * @typedef {object} Replay what the bar and the keys can do
 * @property {(bars: number) => void} step
 * @property {(time: number) => void} go
 * @property {() => void} play starts or stops
 * @property {() => void} live
 * @property {(date: string | null) => void} day
 */

/** @param {Store} store @param {Replay} replay */
export function timeBar(store, replay) {
  const play = h("button", { type: "button", class: "play", onclick: replay.play });
  const speed = h("select", { "aria-label": "Speed", onchange: () => store.set({ speed: Number(speed.value) }) },
    ...SPEEDS.map((each) => h("option", { value: each, selected: each === store.state.speed }, `${each}×`)));
  const back = h("button", { type: "button", "aria-label": "One sample back", onclick: () => replay.step(-1) }, "‹");
  const forth = h("button", { type: "button", "aria-label": "One sample on", onclick: () => replay.step(1) }, "›");
  const date = h("select", { class: "date", "aria-label": "Session", onchange: () => replay.day(date.value || null) });
  const slider = h("input", { type: "range", "aria-label": "Instant of the session", min: 0, max: 0, step: 1,
    oninput: () => replay.go(store.state.day?.times[Number(slider.value)] ?? 0) });
  const live = h("button", { type: "button", class: "live", onclick: replay.live }, "● Live");

  const track = drawing("Sign of net gamma over the session", (context, width, height) => {
    const { day, at } = store.state;
    if (!day) return;
    const { positive, negative, faint, muted, ink, panel } = inks();
    const x = (/** @type {number} */ time) => 8 + (time - day.open) / (day.close - day.open) * (width - 16);
    const middle = height / 2 - 5;
    context.fillStyle = faint;
    context.fillRect(8, middle - 2, width - 16, 4);
    day.bars.forEach((bar, index) => {
      const time = day.times[index];
      const from = index ? Math.max(day.times[index - 1], time - 60_000) : time - 30_000;
      const sign = bar.regime === "positive_gamma" ? 1 : bar.regime === "negative_gamma" ? -1 : 0;
      context.fillStyle = sign > 0 ? positive : sign < 0 ? negative : muted;
      context.globalAlpha = at !== null && time > at ? 0.35 : 1;
      const top = sign > 0 ? middle - 8 : sign < 0 ? middle + 1 : middle - 3;
      context.fillRect(x(from), top, Math.max(1, x(time) - x(from) + 0.5), sign ? 7 : 6);
    });
    context.globalAlpha = 1;
    context.fillStyle = hatch(context);
    for (const { from, to } of day.gaps) context.fillRect(x(from), middle - 8, x(to) - x(from), 16);
    context.fillStyle = muted;
    context.textAlign = "center";
    const hours = width < 500 ? 2 : 1;
    for (let time = Math.ceil(day.open / 3_600_000) * 3_600_000; time <= day.close; time += hours * 3_600_000) {
      context.fillText(hourMinute(time), Math.min(width - 18, x(time)), height - 2);
    }
    const thumb = x(nowOf(store));
    context.fillStyle = ink;
    context.strokeStyle = panel;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(thumb, middle, 7, 0, 7);
    context.fill();
    context.stroke();
  });
  track.canvas.setAttribute("aria-hidden", "true");

  store.on(["day", "at", "date", "playing", "theme", "speed"], () => {
    const { day, at, date: chosen, playing } = store.state;
    play.textContent = playing ? "❚❚" : "▶";
    play.setAttribute("aria-label", playing ? "Pause" : "Play");
    slider.max = String(Math.max(0, (day?.times.length ?? 1) - 1));
    slider.value = String(day ? Math.max(0, day.countAt(at) - 1) : 0);
    slider.setAttribute("aria-valuetext", clock(nowOf(store)));
    const isLive = at === null && chosen === null;
    live.setAttribute("aria-pressed", String(isLive));
    speed.hidden = isLive && !playing;
    track.request();
  });
  store.on(["sessions", "symbol", "day", "date"], () => {
    const { sessions, symbol, day, date: chosen } = store.state;
    const listed = sessions.filter(({ symbols }) => symbols.includes(symbol)).map((each) => each.date);
    // What is shown is a choice too, listed or not.
    const current = chosen ?? (day ? dateOf(day.open) : null);
    const days = [...new Set([...(current ? [current] : []), ...listed])].sort().reverse();
    const shown = [...date.options].map(({ value }) => value);
    if (days.join() !== shown.join()) fill(date, ...days.map((each) => h("option", { value: each }, dayName(endOf(each)))));
    if (current) date.value = current;
  });
  return h("footer", { class: "timebar" }, play, back, forth, speed, date,
    h("div", { class: "track" }, track.canvas, slider), live);
}
