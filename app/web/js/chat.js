// A chat at the agent's screen: Enter sends at once, both sides see each other type, ticks say how far the visitor has come.
import { csrf, say, toast } from "./screen.js";
import { dropDraft } from "./drafts.js";
import { text } from "./text.js";

const FORM = "form[data-chat-url]";
const TYPING = 6000;
const TELL = 3000;
const bar = () => document.querySelector("[data-chat-bar]");
const shown = () => document.querySelector(".case-page")?.dataset.case;
const isTalk = (form) => new FormData(form).get("kind") === "reply";

// ---------------------------------------------------------------- sending
let queue = Promise.resolve();
const marks = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

function send(form) {
  const area = form.querySelector("textarea");
  const words = area.value;
  const files = form.querySelector("#draft-files li, [data-uploads] li");
  if (!words.trim() && !files) return;
  const once = marks();
  area.value = "";
  dropDraft(form);
  tellTyping(form, false);
  // One after the other: lines stand in the order in which they were written.
  queue = queue.then(() => post(form, { words, once }));
}

async function post(form, { words, once }) {
  const body = new URLSearchParams({ text: words, once });
  try {
    const reply = await fetch(form.dataset.chatUrl, { method: "POST", body, headers: { "X-CSRF-Token": csrf(), "HX-Request": "true" }, redirect: "manual" });
    if (reply.ok) {
      form.querySelector("#draft-files")?.replaceChildren();
      form.querySelector("[name=draft_version]").value = "";
      document.body.dispatchEvent(new CustomEvent(`rb:chat-${shown()}`));
      return;
    }
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    back(form, words, page.querySelector("[data-message], [role=alert] p")?.textContent.trim());
  } catch {
    back(form, words, text("offline"));
  }
}

function back(form, words, why) {
  const area = form.querySelector("textarea");
  area.value = area.value ? `${words}\n${area.value}` : words;
  area.dispatchEvent(new Event("input", { bubbles: true }));
  toast(why || text("failed"), { bad: true });
}

const isPlainEnter = (event) => event.key === "Enter" && !["shiftKey", "altKey", "ctrlKey", "metaKey", "isComposing", "defaultPrevented"].some((name) => event[name]);
document.addEventListener("keydown", (event) => {
  const form = isPlainEnter(event) && event.keyCode !== 229 && event.target.matches?.("textarea") && event.target.closest(FORM);
  if (!form || !isTalk(form)) return;
  event.preventDefault();
  event.stopPropagation();
  send(form);
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches?.(FORM) || !isTalk(event.target) || event.submitter?.name === "how") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  send(event.target);
}, true);

// ---------------------------------------------------------------- typing
let told = 0;
function tellTyping(form, isTyping) {
  if (!isTyping && !told) return;
  if (isTyping && Date.now() - told < TELL) return;
  told = isTyping ? Date.now() : 0;
  const body = new URLSearchParams({ typing: isTyping ? "1" : "0" });
  fetch(`${form.dataset.chatUrl}/signs`, { method: "POST", body, headers: { "X-CSRF-Token": csrf() } }).catch(() => {});
}
document.addEventListener("input", (event) => {
  const form = event.target.matches?.("textarea") && event.target.closest(FORM);
  if (form && isTalk(form)) tellTyping(form, Boolean(event.target.value.trim()));
});

let quiet;
document.addEventListener("rb:news", ({ detail: item }) => {
  if (item.topic !== "chat" || String(item.case) !== shown() || !bar()) return;
  if (item.typing !== undefined || item.change === "line") showTyping(item.typing === true);
  if (item.got) Object.assign(bar().dataset, { got: item.got, read: item.read });
  drawTicks();
  if (item.change === "line") say(text("new_message"));
});
function showTyping(isTyping) {
  clearTimeout(quiet);
  bar().querySelector("[data-chat-typing]").textContent = isTyping ? text("visitor_types") : "";
  if (isTyping) quiet = setTimeout(() => bar() && showTyping(false), TYPING);
}

// ---------------------------------------------------------------- ticks
const STEPS = [["sent", "✓"], ["got", "✓✓"], ["read", "✓✓"]];
export function drawTicks() {
  if (!bar()) return;
  const { got, read } = bar().dataset;
  for (const line of document.querySelectorAll("#flow .msg.out[id^=message-]")) {
    const number = Number(line.id.slice("message-".length));
    const step = STEPS[number <= Number(read) ? 2 : number <= Number(got) ? 1 : 0];
    const foot = line.querySelector("footer");
    const tick = foot.querySelector(".tick") ?? foot.appendChild(document.createElement("span"));
    tick.className = `tick ${step[0]}`;
    tick.setAttribute("role", "img");
    tick.setAttribute("aria-label", text(`tick_${step[0]}`));
    tick.textContent = step[1];
  }
}
document.addEventListener("htmx:afterSettle", ({ target }) => ["flow", "chat", "main"].includes(target.id) && drawTicks());
