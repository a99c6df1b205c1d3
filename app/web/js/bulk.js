// Selecting several cases of a list: by box, by key, in ranges; and the tray of long work.
import { htmx } from "./requests.js";
import { coalesce } from "./coalesce.js";
import { say } from "./screen.js";
import { text } from "./text.js";

const boxes = () => [...document.querySelectorAll("#list .pick")];
const itemOf = (box) => (box.closest(".entry") ?? box.closest("tr"))?.querySelector(".item");
const boxOf = (item) => (item?.closest(".entry") ?? item?.closest("tr"))?.querySelector(".pick");
let anchor;

export function showPicked({ isSaid = false } = {}) {
  const bar = document.getElementById("bulk-bar");
  if (!bar) return;
  const all = boxes();
  const picked = all.filter((box) => box.checked).length;
  const number = bar.querySelector("[data-picked]");
  number.hidden = !picked;
  number.textContent = picked;
  bar.querySelector("[data-pick-go]").classList.toggle("primary", picked > 0);
  bar.querySelector("[data-pick-page]").hidden = false;
  const page = document.getElementById("pick-page");
  page.checked = picked > 0 && picked === all.length;
  page.indeterminate = picked > 0 && picked < all.length;
  if (isSaid) say(text("picked", { count: picked }));
}

function range(box, checked) {
  const all = boxes();
  const [from, to] = [all.indexOf(anchor), all.indexOf(box)].sort((one, other) => one - other);
  for (const each of from < 0 ? [box] : all.slice(from, to + 1)) each.checked = checked;
}

export function pick() {
  const item = document.activeElement?.closest?.(".item") ?? document.querySelector(".item.on") ?? document.querySelector("#list .item");
  const box = document.activeElement?.matches?.(".pick") ? document.activeElement : boxOf(item);
  if (!box) return;
  box.checked = !box.checked;
  anchor = box;
  itemOf(box)?.focus();
  showPicked({ isSaid: true });
}

document.addEventListener("click", (event) => {
  const item = event.target.closest?.("#list .item");
  if (item && event.shiftKey && boxOf(item)) {
    event.preventDefault();
    event.stopPropagation();
    range(boxOf(item), true);
    anchor = boxOf(item);
    showPicked({ isSaid: true });
  }
  if (!event.target.matches?.("#list .pick")) return;
  if (event.shiftKey && anchor) range(event.target, event.target.checked);
  anchor = event.target;
  showPicked({ isSaid: true });
}, true);

document.addEventListener("change", (event) => {
  if (event.target.id !== "pick-page") return;
  for (const box of boxes()) box.checked = event.target.checked;
  showPicked({ isSaid: true });
});

document.addEventListener("keydown", (event) => {
  if (!event.shiftKey || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const here = document.activeElement?.matches?.(".pick") ? document.activeElement : boxOf(document.activeElement?.closest?.(".item"));
  if (!here) return;
  event.preventDefault();
  const all = boxes();
  const next = all[all.indexOf(here) + (event.key === "ArrowDown" ? 1 : -1)];
  here.checked = true;
  if (!next) return;
  next.checked = true;
  itemOf(next).focus();
  showPicked({ isSaid: true });
});

document.addEventListener("htmx:afterSettle", () => showPicked());
document.addEventListener("DOMContentLoaded", () => showPicked());

// ---------------------------------------------------------------- the tray
async function count() {
  const badge = document.querySelector("#tray .count");
  const reply = badge && await fetch("/jobs/running.json").catch(() => undefined);
  if (!reply?.ok) return;
  const { running } = await reply.json();
  badge.hidden = !running;
  badge.textContent = running;
  if (document.getElementById("tray").open) htmx.trigger("#tray-list", "rb:tray");
}

const hear = coalesce(count, { gap: 1000, jitter: 200 });
document.addEventListener("rb:news", ({ detail: item }) => {
  if (item.topic !== "job") return;
  hear();
  if (item.state === "done" || item.state === "stopped") say(text(`job_${item.state}`));
});
document.addEventListener("toggle", (event) => {
  if (event.target.id === "tray" && event.target.open) htmx.trigger("#tray-list", "rb:tray");
}, true);
