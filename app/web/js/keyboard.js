// Keyboard. Single keys work only where nobody is typing. Which key does what is the server's table (app/web/keys.py): here
// stand the actions by name.
import { pick } from "./bulk.js";
import { closeTab, stepTab } from "./tabs.js";

const click = (selector) => document.querySelector(selector)?.click();
const verb = (name) => click(`[data-verb="${name}"]`);

export const ACTIONS = {
  search: () => document.getElementById("search")?.focus(),
  filter: () => document.getElementById("filter")?.focus(),
  sheet: () => document.getElementById("shortcuts")?.showModal(),
  notices: () => click("#bell summary"),
  next: () => step(1),
  previous: () => step(-1),
  tab_before: () => stepTab(-1),
  tab_after: () => stepTab(1),
  tab_close: () => closeTab(),
  pick: () => pick(),
  bulk: () => click("[data-pick-go]"),
  reply: () => write("reply"),
  note: () => write("note"),
  task: () => document.querySelector(".next input:not([type=hidden]), .next select, .next textarea")?.focus(),
  chase: () => verb("chase"),
  amend: () => verb("amend"),
  dispatch: () => verb("dispatch"),
  print: () => click("[data-print]"),
};

export const act = (name) => ACTIONS[name]?.();

function write(kind) {
  const form = document.querySelector(".compose");
  const choice = form?.querySelector(`[name=kind][value=${kind}]`);
  if (!choice) return;
  choice.checked = true;
  choice.dispatchEvent(new Event("change", { bubbles: true }));
  form.querySelector("textarea").focus();
}

function step(by) {
  const items = [...document.querySelectorAll(".item")];
  const at = items.findIndex((item) => item.classList.contains("on"));
  const next = items[Math.min(Math.max(at + by, 0), items.length - 1)];
  next?.scrollIntoView({ block: "nearest" });
  next?.click();
}

const isTyping = (target) => Boolean(target.closest?.("input, textarea, select, [contenteditable], dialog[open], .modeler"));
const actionOf = (key) => JSON.parse(document.getElementById("shortcuts")?.dataset.keys ?? "{}")[key];

function send(event) {
  const form = event.target.closest?.("form.compose, #dialog form");
  if (!form) return;
  event.preventDefault();
  form.requestSubmit();
}

document.addEventListener("keydown", (event) => {
  const isChord = event.ctrlKey || event.metaKey || event.altKey;
  if (event.key === "Enter" && isChord) send(event);
  if (event.key === "Escape" && event.target.matches?.(".compose textarea, #search, #filter")) event.target.blur();
  if (isChord || event.isComposing || isTyping(event.target)) return;
  const action = actionOf(event.key);
  if (action) {
    event.preventDefault();
    act(action);
  }
});
