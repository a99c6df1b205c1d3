// Ctrl-K: everything that can be done or opened, found by the server within the reader's rights.
import { act } from "./keyboard.js";
import { go } from "./navigate.js";
import { csrf, say } from "./screen.js";
import { fill, text } from "./text.js";
import { htmx } from "./requests.js";

const PAUSE = 90;
const box = () => document.getElementById("palette");
const field = () => box().querySelector("input");
const listed = () => document.getElementById("palette-list");
const options = () => [...listed().querySelectorAll("[role=option]")];
let asked = 0;
let waiting;

function show() {
  field().value = "";
  listed().replaceChildren();
  box().showModal();
  ask();
}

async function ask() {
  const turn = ++asked;
  const typed = field().value.trim();
  const wanted = new URLSearchParams({ q: typed, case: document.querySelector(".case-page")?.dataset.number ?? "" });
  const reply = await fetch(`/palette?${wanted}`, { headers: { "HX-Request": "true" } }).catch(() => undefined);
  if (turn !== asked || !box().open) return;
  listed().innerHTML = reply?.ok ? await reply.text() : "";
  listed().dataset.typed = typed;
  if (typed) listed().append(searching(typed));
  choose(options()[0]);
  say(options().length > 1 ? text("results", { count: options().length }) : text("results_none"));
}

function searching(typed) {
  const option = Object.assign(document.createElement("div"), { id: "palette-search", textContent: fill(field().dataset.search, { text: typed }) });
  option.setAttribute("role", "option");
  Object.assign(option.dataset, { how: "link", what: `/search?${new URLSearchParams({ q: typed })}` });
  return option;
}

function choose(option) {
  for (const each of options()) each.setAttribute("aria-selected", String(each === option));
  if (option) field().setAttribute("aria-activedescendant", option.id);
  else field().removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

function take(option) {
  if (!option) return;
  const { how, what, entry } = option.dataset;
  box().close();
  if (entry) fetch("/palette/used", { method: "POST", headers: { "X-CSRF-Token": csrf() }, body: new URLSearchParams({ entry }), keepalive: true });
  if (how === "key") act(what);
  else if (how === "dialog") htmx.ajax("GET", what, { target: "#dialog" });
  else go(what);
}

document.addEventListener("input", (event) => {
  if (event.target !== field()) return;
  clearTimeout(waiting);
  waiting = setTimeout(ask, PAUSE);
});

document.addEventListener("click", (event) => {
  take(event.target.closest?.("#palette [role=option]"));
});

const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 };

async function press(event) {
  const all = options();
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "Enter" && !event.isComposing) {
    event.preventDefault();
    clearTimeout(waiting);
    // Who types quickly means what they typed, not what was found for the half of it.
    if (field().value.trim() !== (listed().dataset.typed ?? "")) await ask();
    take(options().find((option) => option.getAttribute("aria-selected") === "true"));
  }
  const by = STEPS[event.key];
  if (!by || !all.length) return;
  event.preventDefault();
  choose(all[Math.min(Math.max(at + by, 0), all.length - 1)]);
}

document.addEventListener("keydown", (event) => {
  const isCall = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
  if (isCall && box()) {
    event.preventDefault();
    if (!box().open) show();
  } else if (event.target.closest?.("#palette")) press(event);
});
