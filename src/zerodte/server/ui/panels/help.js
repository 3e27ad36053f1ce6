/** What the keys do, written from their table; the key of the server; what the page means. */

/** @import { Shortcut } from "../keys.js" */
import { fill, h } from "../dom.js";

const NAMES = /** @type {Record<string, string>} */ ({ " ": "Space", ArrowLeft: "←", ArrowRight: "→", "Shift+ArrowLeft": "Shift ←", "Shift+ArrowRight": "Shift →" });
const STORED = "zerodte.key";

export function rememberedKey() {
  return localStorage.getItem(STORED) ?? "";
}

/** @param {(key: string) => void} use called with the key, empty to forget it */
export function helpPanel(use) {
  const keys = h("dl", { class: "keys" });
  const key = h("input", { type: "password", autocomplete: "off", "aria-label": "Key", placeholder: "key" });
  const keep = h("input", { type: "checkbox" });
  const form = h("form", { class: "row", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    if (keep.checked) localStorage.setItem(STORED, key.value.trim());
    else localStorage.removeItem(STORED);
    use(key.value.trim());
    key.value = "";
    dialog.close();
  } }, key, h("label", null, keep, " remember it in this browser, where scripts of this site can read it"),
  h("button", { type: "submit" }, "Use"), h("button", { type: "button", onclick: () => { localStorage.removeItem(STORED); use(""); dialog.close(); } }, "Forget"));
  const dialog = h("dialog", { class: "help", "aria-label": "Help" }, h("h2", null, "Help"), keys,
    h("p", { class: "muted" }, "Dealers' positions are a model, not data. Blue is positive, orange negative, hatched unknown. Wheel zooms prices, with Shift times; drag moves; double click resets."),
    h("h3", null, "Key of this server"), form,
    h("p", null, h("a", { href: "/docs" }, "API reference"), " · ", h("a", { href: "/table" }, "plain table")),
    h("button", { type: "button", onclick: () => dialog.close() }, "Close"));
  return {
    dialog,
    /** @param {Shortcut[]} shortcuts */
    list(shortcuts) {
      fill(keys, ...shortcuts.flatMap((shortcut) => [
        h("dt", null, ...shortcut.keys.map((each) => h("kbd", null, NAMES[each] ?? each))), h("dd", null, shortcut.text)]));
    },
  };
}
