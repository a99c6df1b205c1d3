// Completes the query language while it is typed: a combobox by the ARIA pattern, over choices that the server knows.
import { say } from "./screen.js";
import { text } from "./text.js";

const PAUSE = 120;
let input;
let box;
let found = { start: 0, end: 0, choices: [] };
let active = -1;
let asked = 0;
let timer;

function open(field) {
  if (input === field) return;
  close();
  input = field;
  box = document.createElement("ul");
  box.id = `${field.id}-choices`;
  box.className = "choices";
  box.setAttribute("role", "listbox");
  box.setAttribute("aria-label", text("completions"));
  box.hidden = true;
  field.form.append(box);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": box.id })) field.setAttribute(name, value);
  box.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const at = [...box.children].indexOf(event.target.closest("[role=option]"));
    if (at >= 0) take(at);
  });
}

function close() {
  clearTimeout(timer);
  asked += 1;
  input?.setAttribute("aria-expanded", "false");
  input?.removeAttribute("aria-activedescendant");
  box?.remove();
  input = box = undefined;
}

function fold() {
  clearTimeout(timer);
  asked += 1;
  active = -1;
  if (!box) return;
  box.hidden = true;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

async function ask() {
  const number = (asked += 1);
  const place = [...input.value.slice(0, input.selectionStart)].length;
  try {
    const reply = await fetch(`/search/complete?${new URLSearchParams({ q: input.value, at: place })}`, { headers: { Accept: "application/json" } });
    if (!reply.ok || number !== asked) return;
    found = await reply.json();
  } catch { return; } // without an answer nothing is completed; typing goes on
  if (number === asked && input) draw();
}

function draw() {
  active = -1;
  input.removeAttribute("aria-activedescendant");
  box.replaceChildren(...found.choices.map((choice, at) => {
    const item = document.createElement("li");
    item.id = `${box.id}-${at}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.append(Object.assign(document.createElement("code"), { textContent: choice.text }));
    if (choice.hint) item.append(" ", Object.assign(document.createElement("small"), { textContent: choice.hint }));
    return item;
  }));
  const shows = found.choices.length > 0;
  box.hidden = !shows;
  input.setAttribute("aria-expanded", String(shows));
  if (shows) say(text("choices", { count: found.choices.length }));
}

function move(by) {
  const items = [...box.children];
  items[active]?.setAttribute("aria-selected", "false");
  active = (active + by + items.length + (active < 0 && by < 0 ? 1 : 0)) % items.length;
  items[active].setAttribute("aria-selected", "true");
  items[active].scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", items[active].id);
}

// The server counts characters, the browser counts halves of some: both are turned into characters.
function take(at) {
  const letters = [...input.value];
  const chosen = found.choices[at].text;
  const before = letters.slice(0, found.start).join("") + chosen;
  const goesOn = chosen.endsWith(":");
  const after = letters.slice(found.end).join("");
  const gap = goesOn || after.startsWith(" ") ? "" : " ";
  input.value = before + gap + after;
  input.setSelectionRange(before.length + gap.length, before.length + gap.length);
  fold();
  if (goesOn) ask();
}

const isQuery = (target) => target.matches?.("input[data-query]");

document.addEventListener("focusin", ({ target }) => isQuery(target) && open(target));
document.addEventListener("focusout", ({ target }) => target === input && close());
document.addEventListener("input", (event) => {
  if (!isQuery(event.target) || event.isComposing) return;
  open(event.target);
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE);
});
const MOVES = { ArrowDown: () => move(1), ArrowUp: () => move(-1), Escape: fold };

// Returns whether the key was for the choices.
function press(key) {
  const isOpen = box && !box.hidden;
  if (key === "ArrowDown" && !isOpen) ask();
  else if (isOpen && MOVES[key]) MOVES[key]();
  else if (isOpen && active >= 0 && (key === "Enter" || key === "Tab")) take(active);
  else {
    if (key === "Enter") fold();
    return false;
  }
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.target !== input || event.isComposing || !press(event.key)) return;
  event.preventDefault();
  event.stopPropagation();
}, true);
