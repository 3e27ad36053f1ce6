/** The keyboard: one table, from which the help is written too. */

/** @typedef {{keys: string[], text: string, run: (key: string) => void}} Shortcut */

/** @param {EventTarget | null} target @returns {boolean} whether keys belong to what is being written or moved */
function isTaken(target) {
  return target instanceof HTMLElement
    && (target.matches("input, select, textarea") || target.closest(".scroll, .conditions") !== null);
}

/**
 * Listen for shortcuts; shift is part of a name, as in "Shift+ArrowLeft".
 * @param {Shortcut[]} shortcuts
 */
export function listen(shortcuts) {
  const table = new Map(shortcuts.flatMap((shortcut) => shortcut.keys.map((key) => [key, shortcut])));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const name = event.shiftKey && event.key.length > 1 ? `Shift+${event.key}` : event.key;
    const shortcut = table.get(name);
    if (!shortcut || isTaken(event.target) || document.querySelector("dialog[open]")) return;
    if (name === " " && event.target instanceof HTMLButtonElement) return;
    event.preventDefault();
    shortcut.run(name);
  });
}
