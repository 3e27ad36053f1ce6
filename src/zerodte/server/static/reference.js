// Adds to the reference what needs a script: a search over its text, and requests with one's own key.
const nav = document.querySelector("nav");
const sections = [...document.querySelectorAll(".operation")];
const shapes = [...document.querySelectorAll("main > section:last-of-type h3")];
const key = field("key of this server", "password");
const search = field("search", "search");

function field(label, type) {
  const input = document.createElement("input");
  input.className = "search";
  input.type = type;
  input.placeholder = label;
  input.setAttribute("aria-label", label);
  input.autocomplete = "off";
  return input;
}

/** Show what holds every word, with the names of shapes that do. */
function find() {
  const words = search.value.toLowerCase().split(/\s+/).filter((word) => word);
  const holds = (text) => words.every((word) => text.toLowerCase().includes(word));
  for (const section of sections) {
    section.hidden = !holds(section.textContent);
    const link = nav.querySelector(`a[href="#${section.querySelector("h2").id}"]`);
    link.parentElement.hidden = section.hidden;
  }
  for (const heading of shapes) {
    const parts = [heading];
    while (parts.at(-1).nextElementSibling && parts.at(-1).nextElementSibling.tagName !== "H3") {
      parts.push(parts.at(-1).nextElementSibling);
    }
    const isShown = holds(parts.map((part) => part.textContent).join(" "));
    for (const part of parts) part.hidden = !isShown;
  }
}

/** A form that asks an operation and shows the answer. */
function tryIt(section) {
  const { path } = section.dataset;
  if (path.includes("stream/") || ["/", "/table", "/docs"].includes(path)) return;
  const names = [...section.querySelectorAll(":scope > table tr td:first-child")].map((cell) => cell.textContent);
  const form = document.createElement("form");
  form.className = "try";
  const inputs = names.map((name) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.name = name;
    if (name === "symbol") input.value = "SPX";
    label.append(name, input);
    form.append(label);
    return input;
  });
  const button = document.createElement("button");
  button.textContent = "Ask";
  const answer = document.createElement("pre");
  answer.hidden = true;
  answer.setAttribute("role", "status");
  form.append(button, answer);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const query = new URLSearchParams();
    let asked = path;
    for (const { name, value } of inputs) {
      if (asked.includes(`{${name}}`)) asked = asked.replace(`{${name}}`, encodeURIComponent(value));
      else if (value) query.set(name, value);
    }
    if (query.size) asked += `?${query}`;
    answer.hidden = false;
    answer.textContent = `GET ${asked} ...`;
    try {
      const response = await fetch(asked, { headers: key.value ? { "X-Api-Key": key.value } : {} });
      const text = await response.text();
      const isJson = response.headers.get("content-type")?.includes("json");
      const body = isJson ? JSON.stringify(JSON.parse(text), null, 2) : text;
      answer.textContent = `GET ${asked}\n${response.status} ${response.statusText}\n\n${body.slice(0, 20000)}`;
    } catch {
      answer.textContent = `GET ${asked}\nno answer`;
    }
  });
  section.querySelector(":scope > p:first-of-type").after(form);
}

nav.prepend(search, key);
search.addEventListener("input", find);
for (const section of sections) tryIt(section);
