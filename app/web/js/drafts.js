// The draft lives on the server: it is sent two seconds after the last key.
import { csrf, say, toast, wasTaken } from "./screen.js";
import { htmx } from "./requests.js";
import { offerOther } from "./other_words.js";
import { text } from "./text.js";
import { beginSave, endSave, forgetUnsent, keepUnsent, restoreUnsent, unheard } from "./unsent.js";

const DRAFT = "form[data-draft-url]";
const timers = new WeakMap();

async function save(form) {
  const state = form.querySelector("[data-draft-state]");
  const body = new FormData(form);
  body.delete("file");
  const words = body.get("text");
  const { mark, after } = beginSave(form);
  body.set("draft_mark", mark);
  body.set("draft_after", after);
  timers.delete(form);
  state.textContent = text("draft_saving");
  try {
    const reply = await fetch(form.dataset.draftUrl, { method: "POST", body, headers: { "X-CSRF-Token": csrf(), "HX-Request": "true" }, keepalive: true });
    if (reply.ok) {
      form.querySelector("[name=draft_version]").value = reply.headers.get("X-Draft-Version") ?? "";
      endSave(form, words);
    }
    state.textContent = text(reply.ok ? "draft_saved" : reply.status === 409 ? "draft_moved" : "draft_failed");
    const problem = reply.headers.get("X-Error-Code");
    if (problem === "draft_taken") handOver(form);
    if (problem === "draft_moved") offerOther(form);
  } catch {
    state.textContent = text("draft_failed");
  }
}

// Keeps the draft at once where one stands on the server.
export async function saveDraft(form) {
  clearTimeout(timers.get(form));
  if (form.querySelector("[name=draft_version]").value || form.querySelector("textarea").value) await save(form);
}

// What was said at once leaves no draft behind.
export function dropDraft(form) {
  clearTimeout(timers.get(form));
  timers.delete(form);
  forgetUnsent(form);
}

function later(form) {
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => save(form), 2000));
}

// A colleague has taken this draft over with all that stands in it: the composer is empty again, and theirs is shown above it.
function handOver(form) {
  forgetUnsent(form);
  say(text("draft_taken"));
  toast(text("draft_taken"));
  if (form.isConnected) htmx.ajax("GET", form.dataset.composerUrl, { target: "#composer", swap: "outerHTML" });
}
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id !== "shared") return;
  const form = document.querySelector(DRAFT);
  const own = target.querySelector("[data-own-draft]")?.dataset.ownDraft;
  if (own !== "" || !form?.querySelector("[name=draft_version]").value) return;
  // What was typed last goes up first: what the colleague has not got becomes a draft of one's own.
  if (timers.has(form)) {
    clearTimeout(timers.get(form));
    save(form);
  } else if (target.querySelector(".shared-draft")) handOver(form);
});

// A comment on a colleague's draft is a note.
document.addEventListener("click", (event) => {
  const form = event.target.closest?.("[data-comment]") && document.querySelector(DRAFT);
  if (!form) return;
  event.preventDefault();
  const area = form.querySelector("textarea");
  const note = form.querySelector("[name=kind][value=note]");
  if (!note.checked && area.value.trim()) toast(text("own_words"), { bad: true });
  else if (!note.checked) note.click();
  area.focus();
});

document.addEventListener("input", (event) => {
  const form = event.target.closest(DRAFT);
  if (!form || event.target.type === "file") return;
  keepUnsent(form);
  later(form);
});
// What was typed in the last two seconds is not lost when the page is left, or the part of it in which one writes.
function flush({ detail }) {
  for (const form of document.querySelectorAll(DRAFT)) {
    if (timers.has(form) && (!detail?.target || detail.target.contains(form))) {
      clearTimeout(timers.get(form));
      save(form);
    }
  }
}
addEventListener("pagehide", flush);
document.addEventListener("htmx:beforeSwap", flush);
document.addEventListener("submit", (event) => {
  clearTimeout(timers.get(event.target));
  if (!event.target.matches(DRAFT)) return;
  event.target.dataset.after = unheard(event.target).join(",");
  forgetUnsent(event.target);
}, true);
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches?.(DRAFT)) {
    clearTimeout(timers.get(event.target));
    timers.delete(event.target);
    forgetUnsent(event.target);
  }
});
// Saves whose answers were not heard are the writer's own, not another machine's.
document.addEventListener("htmx:configRequest", ({ target, detail }) => {
  if (target.matches?.(DRAFT)) detail.parameters.draft_after = target.dataset.after ?? "";
});
// Sharing keeps the draft, too: it is a save with a mark of its own.
const sharing = (target) => target.closest?.("#draft-sharing")?.closest(DRAFT);
document.addEventListener("htmx:configRequest", ({ target, detail }) => {
  const form = sharing(target);
  if (!form) return;
  clearTimeout(timers.get(form));
  timers.delete(form);
  const { mark, after } = beginSave(form);
  Object.assign(detail.parameters, { draft_mark: mark, draft_after: after });
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const form = /\/draft\/share$/.test(detail.requestConfig?.path ?? "") && document.querySelector(DRAFT);
  if (form && !wasTaken(detail)) later(form);
});

// A message that was sent leaves an empty composer behind.
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.target.matches?.(DRAFT)) return;
  if (!wasTaken(event.detail)) {
    keepUnsent(event.target);
    if (event.detail.xhr?.getResponseHeader("X-Error-Code") === "draft_moved") offerOther(event.target);
    else later(event.target);
    return;
  }
  if (event.detail.xhr.getResponseHeader("X-Kept")) return;
  event.target.querySelector("textarea").value = "";
  event.target.querySelector("#draft-files").replaceChildren();
  event.target.querySelector("[data-draft-state]").textContent = "";
  event.target.querySelector("[name=draft_version]").value = "";
  for (const banner of event.target.querySelectorAll(".banner")) banner.remove();
  prepareDrafts();
});

// An untouched composer counts everything on screen as read; one with text keeps the point where its writer began.
export function prepareDrafts() {
  const form = document.querySelector(DRAFT);
  if (form && restoreUnsent(form)) later(form);
  const last = [...document.querySelectorAll("#flow .msg[id]")].at(-1)?.id.slice("message-".length);
  const seen = document.querySelector(".compose [name=last_message]");
  if (last && seen && !document.querySelector(".compose textarea").value) seen.value = last;
}
