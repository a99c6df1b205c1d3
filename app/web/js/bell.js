// The bell: how much is unread, a toast and the browser's own notification for what is new.
import { htmx } from "./requests.js";
import { go } from "./navigate.js";
import { coalesce } from "./coalesce.js";
import { toast } from "./screen.js";
import { text } from "./text.js";

let newest = 0;
const bell = () => document.getElementById("bell");

function count(unread) {
  const badge = bell()?.querySelector(".count");
  if (!badge) return;
  badge.hidden = !unread;
  badge.textContent = unread < 100 ? unread : "99+";
  bell().querySelector("[data-unread-words]").textContent = text("unread", { count: unread });
}

async function ask({ isFirst = false } = {}) {
  const reply = await fetch(`/notices/new.json?after=${newest}`).catch(() => undefined);
  if (!reply?.ok || !reply.headers.get("Content-Type")?.includes("json")) return;
  const found = await reply.json();
  count(found.unread);
  if (bell()?.open) htmx.trigger("#bell-list", "rb:bell");
  if (!isFirst) for (const notice of found.notices) show(notice);
  newest = Math.max(newest, found.newest);
}

// One browser shows one notice once: its tag is the same in all its tabs.
function show(notice) {
  if (!document.hidden) toast(notice.text || text("notice"), { href: notice.link });
  if (!notice.tell || !document.hidden || window.Notification?.permission !== "granted") return;
  const note = new Notification("Ringback", { body: notice.text, tag: `ringback-${notice.id}`, lang: document.documentElement.lang });
  note.onclick = () => {
    window.focus();
    note.close();
    if (notice.link.startsWith("/")) go(notice.link);
  };
}

const hear = coalesce(() => ask(), { gap: 1000, jitter: 300 });
document.addEventListener("rb:news", ({ detail: { topic } }) => topic === "notice" && hear());
document.addEventListener("DOMContentLoaded", () => bell() && ask({ isFirst: true }));
document.addEventListener("toggle", (event) => {
  if (event.target.id === "bell" && event.target.open) htmx.trigger("#bell-list", "rb:bell");
}, true);
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "bell-list") return;
  count(event.target.querySelectorAll(".unread").length);
  event.target.querySelector("button")?.focus();
});

// ---------------------------------------------------------------- the account page asks for the browser's leave
export function preparePermission(root) {
  const line = root.querySelector("[data-permission]");
  if (!line || !("Notification" in window)) return;
  line.hidden = false;
  const state = Notification.permission;
  line.querySelector("button").hidden = state === "granted";
  line.querySelector("[data-permission-word]").textContent = text(`permission_${state}`);
  const zone = root.querySelector("[data-zone]");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !zone.value && [...zone.options].some((option) => option.value === here)) zone.value = here;
}

document.addEventListener("click", async (event) => {
  if (!event.target.closest?.("[data-ask-permission]")) return;
  await Notification.requestPermission();
  preparePermission(document);
});
