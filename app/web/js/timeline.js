// The timeline of a case: older parts come as one scrolls, what is loaded stays when it is drawn anew, and seconds are counted down.
import { htmx } from "./requests.js";
import { text } from "./text.js";

const flow = () => document.getElementById("flow");
const older = () => document.getElementById("older");
const number = (message) => message?.id.slice("message-".length);

// A refresh asks for all that the reader has loaded, from the first message on, and keeps the line under what was read.
document.addEventListener("htmx:configRequest", ({ target, detail }) => {
  if (target.id !== "flow") return;
  const first = number(target.querySelector(".msg[id^=message-]"));
  if (first) Object.assign(detail.parameters, { since: first, older: older() ? "1" : "0" });
  const unread = document.getElementById("unread")?.dataset.unread;
  if (unread) detail.parameters.unread = unread;
});

// What a reader has opened in the timeline stays open when it is drawn anew.
let opened = [];
const messageOf = (part) => part.closest(".msg")?.id;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target?.id !== "flow") return;
  opened = [...detail.target.querySelectorAll(".msg[id] details[open]")].map((part) => `#${messageOf(part)} details.${part.className}`);
});
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target?.id !== "flow") return;
  for (const part of opened) detail.target.querySelector(part)?.setAttribute("open", "");
  opened = [];
});

// What comes in above leaves the reader where they are.
let below;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  below = detail.target?.id === "older" ? flow().scrollHeight - flow().scrollTop : undefined;
});
document.addEventListener("htmx:afterSwap", () => {
  if (below === undefined) return;
  const place = below;
  below = undefined;
  flow().scrollTop = flow().scrollHeight - place;
});

document.addEventListener("click", (event) => {
  const jump = event.target.closest?.("[data-jump]");
  const line = jump && document.getElementById("unread");
  if (!line) return;
  event.preventDefault();
  line.scrollIntoView({ block: "start" });
  line.setAttribute("tabindex", "-1");
  line.focus({ preventScroll: true });
});

// A waiting reply says how many seconds are left to take it back.
export function countDown(root) {
  for (const item of root.querySelectorAll("time[data-until]")) {
    const left = Math.max(0, Math.ceil((new Date(item.dateTime) - Date.now()) / 1000));
    item.textContent = text("unit_s", { num: left });
  }
}
setInterval(() => countDown(document), 500);

// The composer says what it is: a reply or a note, and in whose time zone one writes.
export function prepareComposer() {
  const form = document.querySelector(".compose");
  if (!form) return;
  const area = form.querySelector("textarea");
  const isNote = form.querySelector("[value=note]").checked;
  area.placeholder = isNote ? area.dataset.asNote : area.dataset.asReply;
  const zone = form.querySelector("[data-zone]");
  if (zone) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}
document.addEventListener("change", (event) => event.target.matches?.(".compose [name=kind]") && prepareComposer());

// Words that came back, or were written on another machine, appear where nothing is being written.
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id !== "flow") return;
  const form = document.querySelector(".compose");
  const there = target.querySelector("[data-draft-version]")?.dataset.draftVersion;
  const here = form?.querySelector("[name=draft_version]").value;
  if (!there || there === here || form.querySelector("textarea").value) return;
  htmx.ajax("GET", form.dataset.composerUrl, { target: "#composer", swap: "outerHTML" });
});

// Addresses are completed from the contacts as they are typed.
let asking;
document.addEventListener("input", (event) => {
  if (!event.target.matches?.(".aims input")) return;
  clearTimeout(asking);
  const list = document.getElementById("known-addresses");
  const typed = event.target.value;
  asking = setTimeout(async () => {
    const last = typed.split(/[,;]/).at(-1).trim();
    if (last.length < 2) return;
    const reply = await fetch(`${list.dataset.addresses}?q=${encodeURIComponent(last)}`);
    if (!reply.ok) return;
    list.innerHTML = await reply.text();
    const before = typed.slice(0, typed.length - typed.split(/[,;]/).at(-1).length);
    if (before) for (const option of list.options) option.value = `${before} ${option.value}`;
  }, 250);
});
