// Ctrl-K: everything that can be done or opened from here, found by typing. What it does not find, it searches for.
import { fill } from "./text.js";

const box = () => document.getElementById("palette");

// Buttons and links that the page offers now: the palette can do nothing that the page cannot.
function choices() {
  const found = [...document.querySelectorAll(".acts button[data-verb], .rail a, .tabs a, .views a, .item, [data-shortcuts]")];
  return found.map((source) => ({ words: source.querySelector(".sub") ? `${source.querySelector(".who").textContent} · ${source.querySelector(".sub").textContent}` : source.textContent.replace(/\s+/g, " ").trim(), source }));
}

export function matching(list, typed) {
  const parts = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return list.filter(({ words }) => parts.every((part) => words.toLowerCase().includes(part))).slice(0, 12);
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

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && box()) {
    event.preventDefault();
    if (!box().open) show();
    return;
  }
  if (!event.target.closest?.("#palette")) return;
  const buttons = [...box().querySelectorAll("li button")];
  const at = buttons.indexOf(document.activeElement);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const next = at + (event.key === "ArrowDown" ? 1 : -1);
    (buttons[next] ?? box().querySelector("input")).focus();
  } else if (event.key === "Enter" && at < 0) {
    event.preventDefault();
    buttons[0]?.click();
  }
});
