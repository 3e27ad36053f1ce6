/** The start of the page: its address becomes the state, the state becomes panels. */

/** @import { FeedMessage } from "./feed.js" */
/** @import { Metric, State } from "./store.js" */
import { ApiError, setKey } from "./api.js";
import { densityChart } from "./charts/density.js";
import { heatChart } from "./charts/heat.js";
import { hedgeChart } from "./charts/hedge.js";
import { gammaChart } from "./charts/over_spot.js";
import { profileChart, tradedChart } from "./charts/profile.js";
import { sessionChart } from "./charts/session.js";
import { card, fill, h, segments } from "./dom.js";
import { listen } from "./keys.js";
import { openLink } from "./link.js";
import { Loader, MOST_SYMBOLS } from "./loader.js";
import { money } from "./numbers.js";
import { alertsPanel } from "./panels/alerts.js";
import { answers } from "./panels/answers.js";
import { exportPanel } from "./panels/export.js";
import { gridPanel } from "./panels/grid.js";
import { helpPanel, rememberedKey } from "./panels/help.js";
import { nextPanel } from "./panels/next.js";
import { setupPanel } from "./panels/setup.js";
import { tablePanel } from "./panels/table.js";
import { timeBar } from "./panels/timebar.js";
import { topBar } from "./panels/topbar.js";
import { replayOf } from "./replay.js";
import { gradient } from "./scale.js";
import { Store } from "./store.js";
import { readAddress, writeAddress } from "./url.js";

const preferred = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
const store = new Store({
  ...readAddress(location.search, preferred),
  symbols: [], brief: new Map(), window: "since", profile: "gex", moves: "trade", span: null, playing: false, speed: 60,
  snapshot: null, etag: null, day: null, problem: null, lastSession: null, next: null, sessions: [], locked: null, cursor: null,
  link: { state: "connecting", text: "", heard: 0, sampled: 0, retryAt: 0 },
});
const loader = new Loader(store);
const replay = replayOf(store, loader);
setKey(rememberedKey());

const RETRY_MS = 2000;
/** What follows a profile at the press of its key. @type {Record<State["profile"], State["profile"]>} */
const NEXT_PROFILE = { gex: "oi", oi: "volume", volume: "inventory", inventory: "gex" };
/** @type {[Metric, string][]} */
const METRICS = [["gex", "GEX"], ["dex", "DEX"], ["vex", "VEX"], ["chex", "CHEX"], ["oi", "OI"], ["signed_flow", "flow"]];

/** @param {Partial<State>} patch what the map shows */
function showMap(patch) {
  store.set(patch);
  void loader.heat();
}

/** @param {State["profile"]} profile */
function showProfile(profile) {
  store.set({ profile });
  // Only then is the inventory by strike asked for.
  if (profile === "inventory" && store.state.day) void loader.snapshot();
}

/** @param {string} symbol */
function choose(symbol) {
  if (!symbol) return;
  if (!store.state.symbols.includes(symbol)) {
    store.set({ problem: `${symbol} is not served here; the symbols are ${store.state.symbols.join(", ")}.` });
    return;
  }
  const { link } = store.state;
  store.set({ symbol, prices: null, span: null, view: "one", problem: null, link: { ...link, sampled: Date.now() } });
  void loader.load();
}

const tell = openLink(hear);

function follow() {
  const { symbol, symbols } = store.state;
  const wanted = [...new Set([symbol, ...symbols.slice(0, MOST_SYMBOLS)])].filter((each) => symbols.includes(each));
  tell({ symbols: wanted, key: rememberedKey() || key });
}

let key = "";
store.on(["symbol", "symbols"], follow);

/** @param {FeedMessage} message */
function hear(message) {
  const { link } = store.state;
  const now = Date.now();
  if (message.kind === "event") {
    const isOwn = message.symbol === store.state.symbol;
    const sampled = isOwn && (message.name === "bar" || message.name === "snapshot") ? now : link.sampled;
    store.state.link = { ...link, heard: now, sampled };
    loader.hear(message);
    return;
  }
  // Lost lasts until the stream is open again, whatever is tried meanwhile.
  const state = message.state === "connecting" && link.state === "lost" ? "lost" : message.state;
  const isBack = state === "live" && link.state === "lost";
  const sampled = state === "live" && !link.sampled ? now : link.sampled;
  store.set({ link: { ...link, state, text: message.text, retryAt: message.retryAt, sampled, heard: state === "live" ? now : link.heard } });
  if (isBack && store.state.date === null) void loader.reload();
}

const help = helpPanel((value) => {
  key = value;
  setKey(value);
  follow();
  void start();
});
const table = tablePanel(store);
const exporting = exportPanel(store);
const alerts = alertsPanel(store, (entry) => {
  const { symbol, date } = store.state;
  if (entry.symbol === symbol && date === null) {
    replay.go(entry.time);
    return;
  }
  store.set({ symbol: entry.symbol, date: null, at: entry.time, prices: null, span: null });
  void loader.load();
});
const themeButton = h("button", { type: "button", "aria-label": "Dark or light", onclick: turnTheme }, "◐");
const gridButton = h("button", { type: "button", "aria-label": "All symbols", onclick: turnView }, "▦");
const helpButton = h("button", { type: "button", "aria-label": "Help", onclick: () => help.dialog.showModal() }, "?");

function turnTheme() {
  store.set({ theme: store.state.theme === "dark" ? "light" : "dark" });
}

function turnView() {
  store.set({ view: store.state.view === "grid" ? "one" : "grid" });
}

document.addEventListener("visibilitychange", () => loader.catchUp());

store.on(["theme"], () => { document.documentElement.dataset.theme = store.state.theme; });

function draw() {
  const metric = segments("Metric", METRICS, (value) => showMap({ metric: /** @type {Metric} */ (value) }));
  const mode = segments("Level or change", [["raw", "level"], ["delta", "change"]], (value) => showMap({ mode: value === "delta" ? "delta" : "raw" }));
  const bar = segments("Bar", [["1m", "1m"], ["5m", "5m"]], (value) => showMap({ bar: value === "5m" ? "5m" : "1m" }));
  const legend = h("span", { class: "legend" });
  const map = card("map", "Strike × time", metric.root, mode.root, bar.root, legend, exporting.button);
  const strikes = segments("Profile", [["gex", "GEX"], ["oi", "OI"], ["volume", "vol"], ["inventory", "inv"]],
    (value) => showProfile(/** @type {State["profile"]} */ (value)));
  const profile = card("profile", "By strike", strikes.root);
  const traded = card("traded", "Flow Γ today");
  const close = card("close", "The close");
  const window = segments("Hedge flow", [["since", "since open"], ["30", "30 min"], ["5", "5 min"]], (value) =>
    store.set({ window: /** @type {State["window"]} */ (value) }));
  const session = card("session", "Session", h("span", { class: "lines" },
    h("i", { class: "spot" }, "spot"), h("i", { class: "all" }, "dealers' hedge flow, all"), h("i", { class: "calls" }, "calls"),
    h("i", { class: "puts" }, "puts"), h("i", { class: "pin" }, "pin score")), window.root);
  const which = segments("If spot moves", [["trade", "trade"], ["gex", "GEX"]], (value) => store.set({ moves: value === "gex" ? "gex" : "trade" }));
  const moves = card("moves", "If spot moves", which.root);
  const problem = h("section", { class: "problem", role: "alert", hidden: true });
  const locked = h("p", { class: "locked", hidden: true });
  map.body.append(locked);
  const one = h("div", { class: "one" }, answers(store), h("div", { class: "charts" }, map.root, profile.root, traded.root, close.root),
    h("div", { class: "lower" }, session.root, moves.root, setupPanel(store)));
  const top = topBar(store, choose, gridButton, alerts.button, themeButton, helpButton);
  fill(/** @type {Element} */ (document.getElementById("app")), h("div", { class: "stripe", "aria-hidden": "true" }), ...top,
    h("main", null, problem, nextPanel(store), one, gridPanel(store, choose)), timeBar(store, replay), help.dialog, table.dialog, exporting.dialog, alerts.dialog);

  store.on(["view", "problem", "lastSession"], () => {
    const { view, problem: text, lastSession } = store.state;
    one.hidden = view === "grid" || (text !== null && !store.state.day);
    problem.hidden = text === null;
    fill(problem, text, lastSession && h("button", { type: "button", onclick: () => replay.day(lastSession) }, `Replay ${lastSession}`));
  });
  store.on(["metric"], () => metric.press(store.state.metric));
  store.on(["mode"], () => mode.press(store.state.mode));
  store.on(["bar"], () => bar.press(store.state.bar));
  store.on(["profile"], () => strikes.press(store.state.profile));
  store.on(["window"], () => window.press(store.state.window));
  store.on(["locked"], () => {
    locked.hidden = store.state.locked === null;
    locked.textContent = store.state.locked?.message ?? "";
  });
  store.on(["day", "theme", "metric"], () => {
    const limit = store.state.day?.heat?.limit ?? null;
    const colours = h("span", { class: "colours" });
    colours.style.background = gradient(store.state.theme);
    fill(legend, money(limit === null ? null : -limit), colours, money(limit));
  });

  const profiles = /** @type {{request: () => void}[]} */ ([]);
  const heat = heatChart(store, map.body, () => profiles.forEach((each) => each.request()));
  /** @type {[{body: HTMLElement}, {canvas: HTMLCanvasElement, request: () => void}][]} */
  const beside = [[profile, profileChart(store, heat)], [traded, tradedChart(store, heat)], [close, densityChart(store, heat)]];
  for (const [{ body }, chart] of beside) {
    body.append(chart.canvas);
    profiles.push(chart);
  }
  store.on(["snapshot", "day", "at", "profile", "theme"], () => profiles.forEach((each) => each.request()));
  sessionChart(store, session.body);
  const hedge = hedgeChart(store);
  const gamma = gammaChart(store);
  moves.body.append(hedge.canvas, gamma.canvas);
  store.on(["snapshot", "theme", "moves"], () => {
    which.press(store.state.moves);
    hedge.canvas.hidden = store.state.moves === "gex";
    gamma.canvas.hidden = !hedge.canvas.hidden;
    hedge.request();
    gamma.request();
  });
  store.on(["symbol", "date", "at", "metric", "mode", "bar", "view", "prices", "theme"], () =>
    history.replaceState(null, "", writeAddress(store.state)));
  store.on(["day"], () => {
    if (store.state.day?.heat?.columns.length) requestAnimationFrame(() => { document.documentElement.dataset.ready = "1"; });
  });
}

/** @type {import("./keys.js").Shortcut[]} */
const shortcuts = [
  { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], text: "symbol", run: (name) => choose(store.state.symbols[Number(name) - 1] ?? "") },
  { keys: ["/"], text: "find a symbol", run: find },
  .../** @type {[string, Metric][]} */ ([["g", "gex"], ["d", "dex"], ["v", "vex"], ["c", "chex"], ["o", "oi"], ["f", "signed_flow"]])
    .map(([name, metric]) => ({ keys: [name], text: `map of ${METRICS.find(([each]) => each === metric)?.[1] ?? metric}`, run: () => showMap({ metric }) })),
  { keys: ["r"], text: "level or change", run: () => showMap({ mode: store.state.mode === "raw" ? "delta" : "raw" }) },
  { keys: ["[", "]"], text: "bars of 1 or 5 minutes", run: (name) => showMap({ bar: name === "[" ? "1m" : "5m" }) },
  { keys: ["ArrowLeft", "ArrowRight"], text: "a sample back or on", run: (name) => replay.step(name === "ArrowLeft" ? -1 : 1) },
  { keys: ["Shift+ArrowLeft", "Shift+ArrowRight"], text: "five minutes back or on", run: (name) => replay.step(name === "Shift+ArrowLeft" ? -10 : 10) },
  { keys: ["Home", "End"], text: "first or last sample", run: (name) => replay.step(name === "Home" ? -1e6 : 1e6) },
  { keys: [" "], text: "play or pause", run: () => replay.play() },
  { keys: ["l"], text: "live", run: () => replay.live() },
  { keys: ["p"], text: "profile: GEX, OI, volume, inventory", run: () => showProfile(NEXT_PROFILE[store.state.profile]) },
  { keys: ["t"], text: "numbers as a table", run: () => table.open() },
  { keys: ["e"], text: "export", run: () => exporting.dialog.showModal() },
  { keys: ["a"], text: "alerts", run: () => alerts.open() },
  { keys: ["m"], text: "all symbols or one", run: turnView },
  { keys: ["b"], text: "dark or light", run: turnTheme },
  { keys: ["?"], text: "this help", run: () => help.dialog.showModal() },
];

function find() {
  const list = h("datalist", { id: "symbols" }, ...store.state.symbols.map((symbol) => h("option", { value: symbol })));
  const input = h("input", { list: "symbols", "aria-label": "Symbol", autofocus: true, autocomplete: "off" });
  const dialog = h("dialog", { class: "find", "aria-label": "Find a symbol", onclose: () => dialog.remove() },
    h("form", { method: "dialog", onsubmit: () => choose(input.value.trim().toUpperCase()) }, input, list));
  document.body.append(dialog);
  dialog.showModal();
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let again;

async function start() {
  clearTimeout(again);
  try {
    // A symbol that the address names is not waited for.
    const early = store.state.symbol && store.state.date === null ? loader.load() : null;
    const symbols = await loader.symbols();
    if (!store.state.symbol) store.set({ symbol: symbols[0] ?? "" });
    if (!store.state.symbol) {
      store.set({ problem: "The server has no symbol yet." });
      again = setTimeout(() => void start(), RETRY_MS);
      return;
    }
    await (early ?? loader.load());
    void loader.briefs();
  } catch (error) {
    store.set({ problem: error instanceof Error ? error.message : String(error) });
    if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
      if (!help.dialog.open) help.dialog.showModal();
    } else again = setTimeout(() => void start(), RETRY_MS);
  }
}

// Asked first: the answers come while the page is drawn.
void start();
draw();
help.list(shortcuts);
listen(shortcuts);
