// Ctrl-K: everything that can be done or opened from here, found by typing. What it does not find, it searches for.
import { matching } from "./matching.js";
import { fill } from "./text.js";

const box = () => document.getElementById("palette");

// Buttons and links that the page offers now: the palette can do nothing that the page cannot.
function choices() {
  const found = [...document.querySelectorAll(".acts button[data-verb], .rail a, .tabs a, .views a, .item, [data-shortcuts]")];
  return found.map((source) => ({ source, words: said(source) }));
}

function said(source) {
  const parts = source.matches(".item") ? [...source.querySelectorAll(".who, .sub")] : [source];
  return parts.map((part) => part.textContent.replace(/\s+/g, " ").trim()).join(" · ");
}

function show() {
  const dialog = box();
  const input = dialog.querySelector("input");
  const listed = dialog.querySelector("ul");
  const all = choices();
  const draw = () => {
    const rows = matching(all, input.value).map(({ words, source }) => row(words, () => source.click()));
    if (input.value.trim()) rows.push(row(fill(input.dataset.search, { text: input.value.trim() }), () => search(input.value.trim())));
    listed.replaceChildren(...rows);
  };
  const row = (words, action) => {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "bare", textContent: words });
    button.addEventListener("click", () => {
      dialog.close();
      action();
    });
    const item = document.createElement("li");
    item.append(button);
    return item;
  };
  input.value = "";
  input.oninput = draw;
  draw();
  dialog.showModal();
}

function search(words) {
  const field = document.getElementById("search");
  field.value = words;
  field.form.requestSubmit();
}

function move(event) {
  const buttons = [...box().querySelectorAll("li button")];
  const at = buttons.indexOf(document.activeElement);
  if (event.key === "Enter" && at < 0) {
    event.preventDefault();
    buttons[0]?.click();
  }
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  (buttons[at + by] ?? box().querySelector("input")).focus();
}

document.addEventListener("keydown", (event) => {
  const isCall = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
  if (isCall && box()) {
    event.preventDefault();
    if (!box().open) show();
  } else if (event.target.closest?.("#palette")) move(event);
});
