/** Moving through the session: step, play, and back to now. */

/** @import { Store } from "./store.js" */
/** @import { Loader } from "./loader.js" */
/** @import { Replay } from "./panels/timebar.js" */
import { nowOf } from "./charts/heat.js";

const FRAME_MS = 250;

/** @param {Store} store @param {Loader} loader @returns {Replay} */
export function replayOf(store, loader) {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let asking;
  let place = 0;

  /** @param {number} time */
  function go(time) {
    const { day } = store.state;
    if (!day?.times.length) return;
    const whole = day.times[Math.max(0, day.countAt(time) - 1)];
    const isEnd = whole === day.times.at(-1);
    if (isEnd && store.state.date === null && !store.state.playing) {
      live();
      return;
    }
    if (whole === store.state.at) return;
    store.set({ at: whole });
    // A slider that is dragged asks for what it rests on only.
    clearTimeout(asking);
    asking = setTimeout(() => { void loader.snapshot().then(() => loader.ahead()); }, store.state.playing ? 0 : 60);
  }

  function live() {
    stop();
    const moved = store.state.date !== null;
    if (!moved && store.state.at === null) return;
    store.set({ at: null, date: null });
    void (moved ? loader.load() : loader.snapshot());
  }

  function stop() {
    clearInterval(timer);
    timer = undefined;
    store.set({ playing: false });
  }

  function play() {
    const { day, playing } = store.state;
    if (playing || !day?.times.length) {
      stop();
      return;
    }
    const last = day.times[day.times.length - 1];
    place = nowOf(store) >= last ? day.times[0] : nowOf(store);
    store.set({ playing: true });
    go(place);
    timer = setInterval(() => {
      place += FRAME_MS * store.state.speed;
      const end = store.state.day?.times.at(-1);
      if (end === undefined) return;
      if (place >= end) {
        stop();
        go(end);
      } else go(place);
    }, FRAME_MS);
  }

  return {
    go,
    play,
    live,
    step(bars) {
      const { day } = store.state;
      if (!day?.times.length) return;
      const index = day.countAt(nowOf(store)) - 1 + bars;
      go(day.times[Math.min(day.times.length - 1, Math.max(0, index))]);
    },
    day(date) {
      stop();
      store.set({ date: date !== null && loader.isRunning(date) ? null : date, at: null });
      void loader.load();
    },
  };
}
