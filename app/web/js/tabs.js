// The strip of open cases: which one is on screen, which have news, closing by mouse, middle click and key.
import { go } from "./navigate.js";
import { say } from "./screen.js";
import { text } from "./text.js";

const all = () => [...document.querySelectorAll("#tabs li")];
const shown = () => document.querySelector(".case-page")?.dataset.number ?? "";
const nameOf = (tab) => tab.querySelector("a > span")?.textContent ?? "";
let following = "";

export function markTabs() {
  const number = shown();
  const strip = document.getElementById("tabs");
  if (strip) strip.hidden = all().length === 0;
  for (const tab of all()) {
    const isOn = tab.dataset.number === number;
    tab.classList.toggle("on", isOn);
    if (isOn) {
      tab.classList.remove("has-news");
      tab.querySelector("a").setAttribute("aria-current", "page");
      tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else tab.querySelector("a").removeAttribute("aria-current");
  }
}

document.addEventListener("rb:news", ({ detail: item }) => {
  if (item.topic !== "case" || item.change === "read") return;
  const tab = all().find((each) => each.dataset.case === String(item.case));
  if (!tab || tab.dataset.number === shown() || tab.classList.contains("has-news")) return;
  tab.classList.add("has-news");
  say(text("tab_news", { name: nameOf(tab) }));
});

function close(tab) {
  tab?.querySelector("button")?.click();
}

// Which tab comes next is decided before the closed one is gone.
document.addEventListener("htmx:beforeRequest", ({ target }) => {
  const tab = target.closest?.("#tabs li");
  if (!tab) return;
  const left = all().filter((each) => each !== tab);
  const beside = left[Math.min(all().indexOf(tab), left.length - 1)];
  following = tab.dataset.number === shown() ? beside?.querySelector("a").getAttribute("href") ?? "/" : "";
});

document.addEventListener("htmx:afterSwap", ({ detail: { requestConfig } }) => {
  if (!/^\/tabs\/[^/]+\/close$/.test(requestConfig?.path ?? "")) return;
  say(text("tab_closed"));
  markTabs();
  if (following) go(following);
  else (document.querySelector("#tabs a[aria-current]") ?? document.getElementById("main"))?.focus();
  following = "";
});

document.addEventListener("auxclick", (event) => {
  const tab = event.button === 1 && event.target.closest?.("#tabs li");
  if (!tab) return;
  event.preventDefault();
  close(tab);
});
document.addEventListener("mousedown", (event) => {
  if (event.button === 1 && event.target.closest?.("#tabs li")) event.preventDefault(); // no scrolling by the wheel
});

export function stepTab(by) {
  const tabs = all();
  if (!tabs.length) return;
  const at = tabs.findIndex((tab) => tab.dataset.number === shown());
  const next = at < 0 ? (by > 0 ? 0 : tabs.length - 1) : (at + by + tabs.length) % tabs.length;
  tabs[next].querySelector("a").click();
}

export const closeTab = () => close(all().find((tab) => tab.dataset.number === shown()));
