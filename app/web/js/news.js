// What live news do to open screens. Rows of a list are not moved under the cursor: a button says how much is new.
import { say } from "./screen.js";
import { text } from "./text.js";

const ARRIVALS = new Set(["opened", "message", "chased", "attention"]);
const fresh = new Set();

document.addEventListener("rb:news", ({ detail: item }) => {
  if (item.topic !== "case") return;
  if (ARRIVALS.has(item.change)) offer(item.case);
  // Of a case in another tab the tab itself tells.
  const isBehind = document.querySelector(`#tabs li[data-case="${item.case}"]:not(.on)`);
  if (item.change === "message" && !isBehind) say(text("new_message"));
});

function offer(caseId) {
  const button = document.querySelector("[data-news]");
  const isOpen = document.querySelector(".case-page")?.dataset.case === String(caseId);
  if (!button || isOpen) return;
  if (!document.querySelector("#list .item")) {
    button.click();
    return;
  }
  fresh.add(caseId);
  show();
}

function show() {
  const button = document.querySelector("[data-news]");
  if (!button || !fresh.size) return;
  button.hidden = false;
  button.textContent = text("news", { count: fresh.size });
}

// A list that is asked for anew knows all that came before. What comes while the answer is under way may be missing in it,
// so the new list offers it again.
const isList = ({ detail }) => detail.target?.id === "list";
document.addEventListener("htmx:beforeRequest", (event) => isList(event) && fresh.clear());
document.addEventListener("htmx:afterSettle", (event) => isList(event) && show());

document.addEventListener("rb:connection", ({ detail: { lost } }) => {
  const sign = document.getElementById("live");
  if (!sign || sign.hidden === !lost) return;
  sign.hidden = !lost;
  sign.textContent = lost ? text("live_lost") : "";
  if (!lost) say(text("live_back"));
});
