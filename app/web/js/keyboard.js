// Keyboard. Single keys work only where nobody is typing.
const click = (selector) => document.querySelector(selector)?.click();
const verb = (name) => click(`[data-verb="${name}"]`);

export const KEYS = {
  "/": () => document.getElementById("search")?.focus(),
  f: () => document.getElementById("filter")?.focus(),
  "?": () => document.getElementById("shortcuts")?.showModal(),
  j: () => step(1),
  k: () => step(-1),
  r: () => write("reply"),
  n: () => write("note"),
  c: () => verb("chase"),
  a: () => verb("amend"),
  d: () => verb("dispatch"),
  t: () => document.querySelector(".next input:not([type=hidden]), .next select, .next textarea")?.focus(),
};

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
  const action = KEYS[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
});
