/** Elements without markup: text is always text. */

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * An element with properties and children.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, unknown> | null} [properties] `class`, `on...` listeners, attributes
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...shown(children));
  return element;
}

/** @param {Child[]} children @returns {(Node | string)[]} */
function shown(children) {
  return children.filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

/** Replace what an element holds. @param {Element} element @param {...Child} children */
export function fill(element, ...children) {
  element.replaceChildren(...shown(children));
}

/**
 * A row of buttons of which one is pressed.
 * @param {string} label for those who cannot see it
 * @param {[string, string][]} choices value and text
 * @param {(value: string) => void} choose
 */
export function segments(label, choices, choose) {
  const buttons = choices.map(([value, text]) =>
    h("button", { type: "button", "data-value": value, "aria-pressed": "false", onclick: () => choose(value) }, text));
  const root = h("div", { class: "segments", role: "group", "aria-label": label }, ...buttons);
  return {
    root,
    /** @param {string} value */
    press(value) {
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.value === value));
    },
  };
}

/**
 * A card with a heading.
 * @param {string} name its class
 * @param {string} title
 * @param {...Child} head what stands beside the title
 */
export function card(name, title, ...head) {
  const id = `${name}-title`;
  const body = h("div", { class: "body" });
  const header = h("header", null, h("h2", { id }, title), ...head);
  const root = h("section", { class: `card ${name}`, "aria-labelledby": id }, header, body);
  return { root, header, body };
}
