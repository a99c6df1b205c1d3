// The desk: htmx with our rules, keyboard, drafts, uploads, dialogs, relative times, and the live stream.
import "../css/desk.css";
import htmx from "htmx.org";
import { openStream } from "./stream.js";
import { text } from "./text.js";

const csrf = () => document.querySelector("meta[name=csrf]")?.content ?? "";
const say = (words) => { document.getElementById("announce").textContent = words; };

export function toast(words, { bad = false, href = "" } = {}) {
  const box = document.getElementById("toasts");
  if ([...box.children].some((shown) => shown.textContent === words)) return;
  const item = document.createElement(href ? "a" : "div");
  item.className = bad ? "toast bad" : "toast";
  item.textContent = words;
  if (href.startsWith("/")) item.href = href;
  box.append(item);
  setTimeout(() => item.remove(), bad ? 9000 : 5000);
}

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = csrf();
});

document.addEventListener("htmx:responseError", (event) => {
  const reply = event.detail.xhr;
  if (reply.status === 401) { location.reload(); return; }
  const page = new DOMParser().parseFromString(reply.responseText, "text/html");
  showFieldErrors(event.detail.elt.closest("form"), page);
  toast(page.querySelector("[data-message]")?.textContent.trim() || page.body.textContent.trim().slice(0, 300) || text("failed"), { bad: true });
});

document.addEventListener("htmx:sendError", () => toast(text("offline"), { bad: true }));

function showFieldErrors(form, page) {
  if (!form) return;
  form.querySelectorAll("small.wrong").forEach((old) => old.remove());
  for (const item of page.querySelectorAll("[data-field]")) {
    const input = form.elements.namedItem(item.dataset.field);
    if (!input || !input.closest) continue;
    const small = document.createElement("small");
    small.className = "wrong";
    small.setAttribute("role", "alert");
    small.textContent = item.textContent.trim();
    (input.closest(".field") ?? input.parentElement).append(small);
  }
}

// Dialogs: whatever is loaded into #dialog is shown, and goes when its form was taken.
document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = document.getElementById("dialog");
  if (event.target === dialog && dialog.childElementCount && !dialog.open) {
    dialog.showModal();
    dialog.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  }
  if (event.target.id === "main" || event.target.id === "list") markOpenCase();
  if (event.target.id === "main") { event.target.classList.remove("empty"); event.target.focus({ preventScroll: true }); }
  prepare(event.target);
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.target.closest("#dialog") && event.target.matches("form")) document.getElementById("dialog").close();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  if (event.target.closest("[data-shortcuts]")) document.getElementById("shortcuts").showModal();
  const images = event.target.closest("[data-images]");
  if (images) {
    event.preventDefault();
    images.closest("details").querySelector("iframe").src = images.href;
    images.remove();
  }
});

function markOpenCase() {
  const number = document.querySelector("[data-number]")?.dataset.number;
  for (const item of document.querySelectorAll(".item")) {
    const on = Boolean(number) && item.getAttribute("href") === `/cases/${number}`;
    item.classList.toggle("on", on);
    if (on) item.setAttribute("aria-current", "true"); else item.removeAttribute("aria-current");
  }
}

// Fields that are asked for only when another field has a certain value.
function showConditional(root) {
  for (const field of root.querySelectorAll("[data-show-if]")) {
    const form = field.closest("form");
    const other = form?.elements.namedItem(field.dataset.showIf);
    const value = other?.type === "checkbox" ? other.checked : other?.value;
    const shown = JSON.parse(field.dataset.showIn).map(String).includes(String(value));
    field.hidden = !shown;
    for (const input of field.querySelectorAll("input, select, textarea")) input.disabled = !shown;
  }
}
document.addEventListener("change", (event) => { if (event.target.form) showConditional(event.target.form); });

function relativeTimes(root) {
  const format = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto", style: "narrow" });
  for (const item of root.querySelectorAll("time[data-ago]")) {
    const seconds = (new Date(item.dateTime) - Date.now()) / 1000;
    const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60]].find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
    item.textContent = Math.abs(seconds) < 45 ? text("now") : format.format(Math.round(seconds / size), unit);
  }
}
setInterval(() => relativeTimes(document), 30_000);

// The draft lives on the server: it is sent two seconds after the last key.
let draftTimer;
function saveDraft(form, { soon = true } = {}) {
  clearTimeout(draftTimer);
  const state = form.querySelector("[data-draft-state]");
  draftTimer = setTimeout(async () => {
    const body = new FormData(form);
    body.delete("file");
    try {
      const reply = await fetch(form.dataset.draftUrl, { method: "POST", body, headers: { "X-CSRF-Token": csrf() } });
      state.textContent = reply.ok ? text("draft_saved") : text("draft_failed");
    } catch { state.textContent = text("draft_failed"); }
  }, soon ? 2000 : 0);
}
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-draft-url]");
  if (form && event.target.name !== "file") saveDraft(form);
});

function upload(form, files) {
  for (const file of files) {
    const body = new FormData();
    body.append("file", file);
    const request = new XMLHttpRequest();
    const state = form.querySelector("[data-draft-state]");
    request.upload.onprogress = (at) => { state.textContent = `${file.name} ${Math.round((at.loaded / at.total) * 100)} %`; };
    request.onload = () => {
      state.textContent = "";
      if (request.status === 200) {
        const box = form.querySelector("#draft-files");
        box.innerHTML = request.responseText; // rendered and escaped by our own server
        htmx.process(box);
      } else toast(text("upload_failed").replace("{name}", file.name), { bad: true });
    };
    request.onerror = () => toast(text("upload_failed").replace("{name}", file.name), { bad: true });
    request.open("POST", form.dataset.uploadUrl);
    request.setRequestHeader("X-CSRF-Token", csrf());
    request.setRequestHeader("HX-Request", "true");
    request.send(body);
  }
}
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-files]")) { upload(event.target.form, event.target.files); event.target.value = ""; }
});
document.addEventListener("paste", (event) => {
  const form = event.target.closest?.("form[data-upload-url]");
  if (form && event.clipboardData.files.length) { event.preventDefault(); upload(form, event.clipboardData.files); }
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.closest?.("form[data-upload-url]");
    if (!form) return;
    event.preventDefault();
    form.classList.toggle("drop", kind === "dragover");
    if (kind === "drop") upload(form, event.dataTransfer.files);
  });
}

// Keyboard. Single keys work only where nobody is typing.
const KEYS = {
  "/": () => document.getElementById("search")?.focus(),
  "?": () => document.getElementById("shortcuts").showModal(),
  j: () => step(1), k: () => step(-1),
  r: () => write("reply"), n: () => write("note"),
  c: () => verb("chase"), a: () => verb("amend"), d: () => verb("dispatch"),
};
const verb = (name) => document.querySelector(`[data-verb="${name}"]`)?.click();
function write(kind) {
  const form = document.querySelector(".compose");
  if (!form) return;
  form.querySelector(`[name=kind][value=${kind}]`).checked = true;
  form.querySelector("textarea").focus();
}
function step(by) {
  const items = [...document.querySelectorAll(".item")];
  const at = items.findIndex((item) => item.classList.contains("on"));
  const next = items[Math.min(Math.max(at + by, 0), items.length - 1)];
  next?.scrollIntoView({ block: "nearest" });
  next?.click();
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest?.("form.compose");
    if (form) { event.preventDefault(); form.requestSubmit(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select, [contenteditable], dialog[open], .modeler")) return;
  const action = KEYS[event.key];
  if (action) { event.preventDefault(); action(); }
});

// Live: what changed on open screens. Lists are not moved under the cursor: a button says how much is new.
let fresh = new Set();
document.addEventListener("rb:news", (event) => {
  const item = event.detail;
  if (item.topic === "notice") toast(item.text || text("notice"), { href: item.link ?? "" });
  if (item.topic === "case" && ["opened", "message", "chased", "attention"].includes(item.change)) offerNews(item.case);
  if (item.topic === "case" && item.change === "message") say(text("new_message"));
  if (item.topic === "reset") location.reload();
});
function offerNews(caseId) {
  const button = document.querySelector("[data-news]");
  if (!button) return;
  if (!document.querySelector("#list .item")) { button.click(); return; }
  fresh.add(caseId);
  button.hidden = false;
  button.textContent = text("news").replace("{count}", fresh.size);
}
document.addEventListener("click", (event) => { if (event.target.closest("[data-news]")) fresh = new Set(); });

function prepare(root) {
  relativeTimes(root);
  showConditional(root);
  for (const flow of root.querySelectorAll("[data-scroll-end]")) flow.scrollTop = flow.scrollHeight;
  if (root.matches?.("[data-scroll-end]")) root.scrollTop = root.scrollHeight;
  for (const island of root.querySelectorAll("[data-island]")) mount(island);
  const last = document.querySelector("#flow .msg:last-of-type")?.id.slice(8);
  const seen = document.querySelector(".compose [name=last_message]");
  if (last && seen && !document.querySelector(".compose textarea").value) seen.value = last;
}
async function mount(element) {
  if (element.dataset.mounted) return;
  element.dataset.mounted = "yes";
  const name = element.dataset.island === "process-modeler" ? "modeler" : "viewer";
  const built = assets();
  if (!document.querySelector(`link[href="${built[`${name}.css`]}"]`)) {
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: built[`${name}.css`] }));
  }
  const island = await import(built[`${name}.js`]);
  island.mount(element, { text, csrf, toast });
}
const assets = () => JSON.parse(document.getElementById("i18n").textContent).assets;

document.addEventListener("DOMContentLoaded", () => {
  prepare(document);
  markOpenCase();
  const url = document.body.dataset.streamUrl;
  if (url) openStream(url);
});
