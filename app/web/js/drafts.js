// The draft lives on the server: it is sent two seconds after the last key. Files go up as soon as they are chosen, pasted or dropped.
import { csrf, toast, wasTaken } from "./screen.js";
import { htmx } from "./requests.js";
import { text } from "./text.js";

const DRAFT = "form[data-draft-url]";
const FILES = "form[data-upload-url]";
const timers = new WeakMap();

async function save(form) {
  const state = form.querySelector("[data-draft-state]");
  const body = new FormData(form);
  body.delete("file");
  state.textContent = text("draft_saving");
  try {
    const reply = await fetch(form.dataset.draftUrl, { method: "POST", body, headers: { "X-CSRF-Token": csrf() }, keepalive: true });
    if (reply.ok) form.querySelector("[name=draft_version]").value = reply.headers.get("X-Draft-Version") ?? "";
    state.textContent = text(reply.ok ? "draft_saved" : reply.status === 409 ? "draft_moved" : "draft_failed");
  } catch {
    state.textContent = text("draft_failed");
  }
  timers.delete(form);
}

document.addEventListener("input", (event) => {
  const form = event.target.closest(DRAFT);
  if (!form || event.target.type === "file") return;
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => save(form), 2000));
});
// What was typed in the last two seconds is not lost when the page is left.
function flush() {
  for (const form of document.querySelectorAll(DRAFT)) {
    if (timers.has(form)) {
      clearTimeout(timers.get(form));
      save(form);
    }
  }
}
addEventListener("pagehide", flush);
document.addEventListener("htmx:beforeSwap", flush);
document.addEventListener("submit", (event) => clearTimeout(timers.get(event.target)), true);
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches?.(DRAFT)) {
    clearTimeout(timers.get(event.target));
    timers.delete(event.target);
  }
});
// A message that was sent leaves an empty composer behind.
document.addEventListener("htmx:afterRequest", (event) => {
  if (!wasTaken(event.detail) || !event.target.matches?.(DRAFT) || event.detail.xhr.getResponseHeader("X-Kept")) return;
  event.target.querySelector("textarea").value = "";
  event.target.querySelector("#draft-files").replaceChildren();
  event.target.querySelector("[data-draft-state]").textContent = "";
  event.target.querySelector("[name=draft_version]").value = "";
  for (const banner of event.target.querySelectorAll(".banner")) banner.remove();
  prepareDrafts();
});

// An untouched composer counts everything on screen as read; one with text keeps the point where its writer began.
export function prepareDrafts() {
  const last = [...document.querySelectorAll("#flow .msg[id]")].at(-1)?.id.slice("message-".length);
  const seen = document.querySelector(".compose [name=last_message]");
  if (last && seen && !document.querySelector(".compose textarea").value) seen.value = last;
}

function upload(form, files) {
  const state = form.querySelector("[data-draft-state]");
  for (const file of files) {
    const body = new FormData();
    body.append("file", file);
    const request = new XMLHttpRequest();
    const failed = () => toast(text("upload_failed", { name: file.name }), { bad: true });
    request.upload.onprogress = (at) => {
      state.textContent = text("uploading", { name: file.name, percent: Math.round((at.loaded / at.total) * 100) });
    };
    request.onload = () => {
      state.textContent = "";
      if (request.status !== 200) {
        const page = new DOMParser().parseFromString(request.responseText, "text/html");
        toast(page.querySelector("[role=alert] p")?.textContent.trim() || text("upload_failed", { name: file.name }), { bad: true });
        return;
      }
      htmx.swap(form.querySelector("#draft-files"), request.responseText, { swapStyle: "innerHTML" });
    };
    request.onerror = failed;
    request.open("POST", form.dataset.uploadUrl);
    request.setRequestHeader("X-CSRF-Token", csrf());
    request.setRequestHeader("HX-Request", "true");
    request.send(body);
  }
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-files]")) return;
  upload(event.target.form, event.target.files);
  event.target.value = "";
});
document.addEventListener("paste", (event) => {
  const form = event.target.closest?.(FILES);
  if (form && event.clipboardData.files.length) {
    event.preventDefault();
    upload(form, event.clipboardData.files);
  }
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.closest?.(FILES);
    if (!form || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    form.classList.toggle("drop", kind === "dragover");
    if (kind === "drop") upload(form, event.dataTransfer.files);
  });
}
