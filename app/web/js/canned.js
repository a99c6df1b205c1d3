// A / at the start of a word in the composer opens the canned replies and the macros, in a note an @ the colleagues and teams, a #
// the cases. What is left open in a text is reached by Tab.
import { saveDraft } from "./drafts.js";
import { htmx } from "./requests.js";
import { csrf, say, toast } from "./screen.js";
import { text } from "./text.js";

const AREA = "form[data-canned-url] textarea";
const BEGUN = /(?:^|\s)(?<sign>\/)(?<words>[^\s/]{0,40})$/u;
// No mail address and no path: those have a letter before the sign. Chinese has no spaces, so it may stand before it.
const MENTION = /(?<![A-Za-z0-9._%+@/#-])(?<sign>[@#])(?<words>[^\s@#/]{0,40})$/u;
const OPEN = /\[\[[^[\]\n]{1,120}\]\]|\{\{\s*[a-z_]+(?:\.[a-z_]+)*\s*\}\}/gu;
const PAUSE = 120;
let area;
let box;
let found = [];
let active = -1;
let asked = 0;
let timer;

const isOpen = () => Boolean(box) && !box.hidden;
const isNote = (field) => field.form.querySelector("[name=kind]:checked")?.value === "note";

function begunIn(field) {
  if (field.selectionStart !== field.selectionEnd) return undefined;
  const before = field.value.slice(Math.max(0, field.selectionStart - 60), field.selectionStart);
  return (BEGUN.exec(before) ?? (isNote(field) ? MENTION.exec(before) : null))?.groups;
}

function close() {
  clearTimeout(timer);
  asked += 1;
  active = -1;
  for (const name of ["aria-controls", "aria-activedescendant", "aria-autocomplete"]) area?.removeAttribute(name);
  box?.remove();
  area = box = undefined;
}

function open(field) {
  if (area === field && box) return;
  close();
  area = field;
  box = document.createElement("ul");
  box.id = `${field.id}-canned`;
  box.className = "choices canned";
  box.setAttribute("role", "listbox");
  box.hidden = true;
  field.before(box);
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", box.id);
  box.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const at = [...box.children].indexOf(event.target.closest("[role=option]"));
    if (at >= 0) take(at);
  });
}

async function ask() {
  const begun = begunIn(area);
  if (!begun) return;
  const number = (asked += 1);
  const { cannedUrl, mentionsUrl } = area.form.dataset;
  const where = begun.sign === "/" ? cannedUrl : mentionsUrl;
  try {
    const reply = await fetch(`${where}?${new URLSearchParams({ q: begun.words, sign: begun.sign })}`, { headers: { Accept: "application/json" } });
    if (!reply.ok || number !== asked) return;
    const { choices, macros = [] } = await reply.json();
    found = [...choices, ...macros.map((each) => ({ ...each, isMacro: true }))];
  } catch { return; } // without an answer nothing is offered; typing goes on
  if (number === asked && area) draw(NAMES[begun.sign]);
}

const NAMES = { "/": "canned", "@": "mention", "#": "case_mention" };

function draw(name) {
  box.setAttribute("aria-label", text(name));
  box.replaceChildren(...found.map((choice, at) => {
    const item = document.createElement("li");
    item.id = `${box.id}-${at}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    const title = choice.folder ? `${choice.folder} · ${choice.name}` : choice.name;
    if (choice.isMacro) item.append(Object.assign(document.createElement("span"), { className: "chip", textContent: text("macro") }), " ");
    item.append(Object.assign(document.createElement("b"), { textContent: title }), " ", Object.assign(document.createElement("small"), { textContent: choice.begins }));
    return item;
  }));
  active = -1;
  box.hidden = found.length === 0;
  if (found.length > 0) move(1);
  else area.removeAttribute("aria-activedescendant");
  say(found.length > 0 ? text(`${name}_found`, { count: found.length }) : text(`${name}_none`));
}

function move(by) {
  const items = [...box.children];
  items[active]?.setAttribute("aria-selected", "false");
  active = (active + by + items.length) % items.length;
  items[active].setAttribute("aria-selected", "true");
  items[active].scrollIntoView({ block: "nearest" });
  area.setAttribute("aria-activedescendant", items[active].id);
}

async function take(at) {
  const field = area;
  const end = field.selectionStart;
  const start = end - (begunIn(field)?.words.length ?? 0) - 1;
  const { id, isMacro, insert } = found[at];
  close();
  if (insert) {
    put(field, `${insert} `, start, end);
    return;
  }
  if (isMacro) {
    show(field, id, start, end);
    return;
  }
  try {
    const reply = await fetch(`${field.form.dataset.cannedUrl}/${id}`, { method: "POST", headers: { "X-CSRF-Token": csrf(), "HX-Request": "true" } });
    if (!reply.ok) throw new Error(reply.statusText);
    put(field, (await reply.json()).text, start, end);
  } catch {
    toast(text("failed"), { bad: true });
  }
}

// What was typed to find it goes; the draft with it, for a reply that was begun would stop the macro's own.
async function show(field, id, start, end) {
  field.setRangeText("", start, end, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await saveDraft(field.form);
  htmx.ajax("GET", `${field.form.dataset.macrosUrl}/${id}`, { target: "#dialog" });
}

function put(field, words, start, end) {
  field.setRangeText(words, start, end, "end");
  field.focus();
  OPEN.lastIndex = start;
  const gap = OPEN.exec(field.value);
  if (gap && gap.index < start + words.length) field.setSelectionRange(gap.index, gap.index + gap[0].length);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// Tab goes to the next gap behind the cursor; behind the last one it leaves the field, as everywhere.
function toGap(field, isBack) {
  const gaps = [...field.value.matchAll(OPEN)];
  const gap = isBack ? gaps.findLast((each) => each.index < field.selectionStart) : gaps.find((each) => each.index >= field.selectionEnd);
  if (gap) field.setSelectionRange(gap.index, gap.index + gap[0].length);
  return Boolean(gap);
}

function tell(field) {
  const place = field.form.querySelector("[data-unfilled]");
  const names = [...new Set(field.value.match(OPEN) ?? [])].join(", ");
  const words = names ? text("unfilled", { names }) : "";
  if (place && place.textContent !== words) place.textContent = words;
}

document.addEventListener("input", (event) => {
  if (!event.target.matches?.(AREA)) return;
  tell(event.target);
  if (event.isComposing) return;
  if (area) clearTimeout(timer);
  if (!begunIn(event.target)) {
    if (area) close();
    return;
  }
  open(event.target);
  timer = setTimeout(ask, PAUSE);
});
document.addEventListener("compositionend", ({ target }) => target.matches?.(AREA) && target.dispatchEvent(new Event("input", { bubbles: true })));
document.addEventListener("focusin", ({ target }) => target.matches?.(AREA) && tell(target));
document.addEventListener("focusout", ({ target }) => target === area && close());

const MOVES = { ArrowDown: () => move(1), ArrowUp: () => move(-1), Escape: close, Enter: () => take(active), Tab: () => take(active) };

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (isOpen() && event.target === area && MOVES[event.key] && !event.shiftKey) {
    MOVES[event.key]();
    return true;
  }
  return event.key === "Tab" && toGap(event.target, event.shiftKey);
}

document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.(AREA) || event.isComposing || !press(event)) return;
  event.preventDefault();
  event.stopPropagation();
}, true);

// The settings' form: a variable goes where the cursor was last.
let last;
document.addEventListener("focusin", ({ target }) => { if (target.matches?.("#canned-form textarea")) last = target; });
document.addEventListener("click", ({ target }) => {
  const slot = target.closest?.("[data-slot]")?.dataset.slot;
  if (!slot) return;
  const field = last?.isConnected ? last : document.querySelector("#canned-form textarea");
  field.setRangeText(slot, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
