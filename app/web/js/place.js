// Where the reader is: the open case in its list, the section in the rail, the place in the timeline, the focus after an exchange.
export function markPlace() {
  const number = document.querySelector(".case-page")?.dataset.number;
  for (const item of document.querySelectorAll(".item")) mark(item, Boolean(number) && item.getAttribute("href") === `/cases/${number}`);
  const section = document.querySelector("#desk")?.dataset.section;
  if (section) for (const link of document.querySelectorAll(".rail a")) mark(link, link.dataset.section === section, "page");
}

function mark(link, on, value = "true") {
  link.classList.toggle("on", on);
  if (on) link.setAttribute("aria-current", value);
  else link.removeAttribute("aria-current");
}

document.addEventListener("htmx:afterSettle", (event) => {
  const main = document.getElementById("main");
  if (event.target.id === "main") main.classList.remove("empty");
  // Whoever has begun to write in the new part keeps the cursor.
  if ((event.target.id === "main" || event.target.id === "desk") && !main?.contains(document.activeElement)) main?.focus({ preventScroll: true });
});

// A case that was opened by its address stands beside the list that was looked at last.
const VIEW = "ringback-view";
const list = document.querySelector("#list[hx-get^='/inbox/']");
if (list && sessionStorage.getItem(VIEW)) list.setAttribute("hx-get", `/inbox/${sessionStorage.getItem(VIEW)}`);
document.addEventListener("htmx:afterSettle", () => remember());
document.addEventListener("DOMContentLoaded", () => remember());
function remember() {
  const view = document.querySelector("#list [data-list]")?.dataset.list;
  if (view && view !== "search") sessionStorage.setItem(VIEW, view);
}

// A timeline opens at its end, and follows what comes in while the reader is there; who reads further up is left alone.
export function toEnd(root) {
  for (const flow of root.querySelectorAll("[data-scroll-end]")) flow.scrollTop = flow.scrollHeight;
}

const END = 80;
let kept;
document.addEventListener("htmx:beforeSwap", ({ target }) => {
  if (target.matches?.("[data-scroll-end]")) kept = target.scrollHeight - target.scrollTop - target.clientHeight;
});
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.matches?.("[data-scroll-end]")) {
    if (kept < END) target.scrollTop = target.scrollHeight;
  } else toEnd(target);
});
