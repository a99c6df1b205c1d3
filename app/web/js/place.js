// Where the reader is: the open case in its list, the section in the rail, the place in the timeline, the focus after an exchange.
export function markPlace() {
  const number = document.querySelector("[data-number]")?.dataset.number;
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
  if (event.target.id === "main" || event.target.id === "desk") main?.focus({ preventScroll: true });
});

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
