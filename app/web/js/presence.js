// Who else is on a case: this screen says every ten seconds that it is there, and at once when that changes; others are shown
// beside the case and in lists. Whoever looks at another window is not there.
import { csrf } from "./screen.js";
import { text } from "./text.js";

const BEAT = 10_000;
const QUIET = 8_000;
const SHOWN = 4;
const own = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const known = new Map();
let at = { id: "", number: "" };
let doing = "";
let quiet;
let hasAsked = false;

const me = () => Number(document.body.dataset.me);
const shown = () => {
  const page = document.hidden ? null : document.querySelector(".case-page");
  return { id: page?.dataset.case ?? "", number: page?.dataset.number ?? "" };
};

async function send(values) {
  try {
    const reply = await fetch("/presence", {
      method: "POST", body: new URLSearchParams({ screen: own, ...values }), headers: { "X-CSRF-Token": csrf() }, keepalive: true,
    });
    if (reply.status === 200) learn(await reply.json());
  } catch { /* the desk is away: the next beat tells it */ }
}

function beat() {
  if (at.id && me()) send({ case: at.number, doing });
}

// Where this screen is now; leaving one case and coming to another is one word.
function move() {
  const now = shown();
  if (now.id === at.id || !me()) return;
  const left = at.id ? { left: at.id } : {};
  at = now;
  doing = "";
  clearTimeout(quiet);
  if (at.id) send({ case: at.number, doing, ...left });
  else send(left);
}

setInterval(beat, BEAT);
document.addEventListener("visibilitychange", move);
addEventListener("pagehide", () => {
  if (at.id) send({ left: at.id });
  at = { id: "", number: "" };
});

function writes(kind) {
  clearTimeout(quiet);
  if (kind) quiet = setTimeout(() => writes(""), QUIET);
  if (kind === doing || !at.id) return;
  doing = kind;
  beat();
}
document.addEventListener("input", ({ target }) => {
  if (!target.matches?.(".compose textarea")) return;
  writes(target.value.trim() ? new FormData(target.form).get("kind") : "");
});
document.addEventListener("change", ({ target }) => target.matches?.(".compose [name=kind]") && doing && writes(target.value));
document.addEventListener("htmx:afterRequest", ({ target, detail }) => target.matches?.(".compose") && detail.successful && writes(""));

// ---------------------------------------------------------------- what is told of others
function learn({ case: id, people, at: when }) {
  const before = known.get(id);
  if (before && before.when > when) return;
  known.set(id, { people, when });
  show();
}
document.addEventListener("rb:presence", ({ detail }) => {
  if (detail.topic !== "reset") {
    learn(detail);
    return;
  }
  hasAsked = false;
  setTimeout(() => { beat(); askForLists(); }, Math.random() * 3000);
});

async function askForLists() {
  if (hasAsked || !me() || !document.querySelector("#list .item")) return;
  hasAsked = true;
  try {
    const reply = await fetch("/presence", { headers: { Accept: "application/json" } });
    if (!reply.ok || reply.redirected) return;
    for (const each of (await reply.json()).cases) learn(each);
  } catch { hasAsked = false; }
}

const others = (id) => (known.get(Number(id))?.people ?? []).filter((person) => person.id !== me()).sort((a, b) => (b.doing > "") - (a.doing > ""));
const words = ({ name, doing: does }) => text(does ? `writes_${does}` : "is_here", { name });
const isWide = (name) => /[\u3040-\u9fff\uac00-\ud7af]/.test(name);
const initials = (name) => {
  if (isWide(name)) return [...name.trim()].slice(-1).join("");
  const parts = name.trim().split(/\s+/);
  return [parts[0], parts.length > 1 ? parts.at(-1) : ""].map((part) => [...part][0] ?? "").join("").toUpperCase();
};

function face(person) {
  const drawn = document.createElement("span");
  drawn.className = person.doing ? `face ${person.doing}` : "face";
  drawn.setAttribute("aria-hidden", "true");
  drawn.textContent = initials(person.name);
  return drawn;
}

function showHere() {
  const place = document.getElementById("here");
  if (!place) return;
  const people = others(document.querySelector(".case-page")?.dataset.case);
  const signature = JSON.stringify(people);
  if (place.dataset.shown === signature) return;
  place.dataset.shown = signature;
  const lines = people.slice(0, SHOWN).map((person) => {
    const line = document.createElement("span");
    line.className = "one";
    line.append(face(person), words(person));
    return line;
  });
  if (people.length > SHOWN) {
    const rest = document.createElement("span");
    rest.title = people.slice(SHOWN).map(words).join(", ");
    rest.textContent = text("more_here", { count: people.length - SHOWN });
    lines.push(rest);
  }
  place.replaceChildren(...lines);
}

function showInLists() {
  for (const item of document.querySelectorAll("#list .item[data-case]")) {
    const people = others(item.dataset.case);
    const old = item.querySelector(".faces");
    const signature = JSON.stringify(people);
    if ((old?.dataset.shown ?? "[]") === signature) continue;
    old?.remove();
    if (people.length) mark(item, people, signature);
  }
}

function mark(item, people, signature) {
  const faces = document.createElement("span");
  faces.className = "faces";
  faces.dataset.shown = signature;
  faces.title = people.map(words).join(", ");
  const spoken = document.createElement("span");
  spoken.className = "sr";
  spoken.textContent = `${faces.title} `;
  faces.append(...people.slice(0, 3).map(face), spoken);
  const age = item.querySelector(".age");
  if (age) age.prepend(faces);
  else item.append(faces);
}

function show() {
  showHere();
  showInLists();
}

export function preparePresence() {
  move();
  askForLists();
  show();
}
