// The widget on the page: a button, and a panel that it opens. Everything lives in a shadow tree, out of reach of the host's styles.
import sheet from "./widget.css";
import { firstForm, lastForm } from "./forms.js";
import { openLog } from "./log.js";
import { icon, inkOn, make } from "./parts.js";

const FACES = [..."😀😊😂😉😍🤔😅😢😡👍👎👌🙏👏💪❤🎉🔥✅❌⏰📦📞☕"];

function dress(root, look, nonce) {
  const text = `:host{--colour:${look.colour};--on-colour:${inkOn(look.colour)}}${sheet}`;
  try {
    const made = new CSSStyleSheet();
    made.replaceSync(text);
    root.adoptedStyleSheets = [made];
  } catch {
    root.append(make("style", { nonce }, text));
  }
}

export function openView({ look, voice, nonce, isOpen, keep, needsForm }) {
  const words = voice.say;
  const title = look.title || words("title");
  const host = document.createElement("ringback-chat");
  Object.assign(host.dataset, { side: look.side });
  Object.assign(host, { dir: voice.dir, lang: voice.lang });
  const root = host.attachShadow({ mode: "open" });
  dress(root, look, nonce);
  let talk;
  let deeds;
  let begun = false;
  let unread = 0;
  let counted = 0;

  const hello = make("p", { className: "note" }, look.greeting || words("hello"));
  const log = make("div", { className: "log", role: "log", ariaLabel: title, tabIndex: 0 }, hello);
  const typing = make("p", { className: "typing", role: "status" });
  const bar = make("p", { className: "bar", role: "status", hidden: true });
  const area = make("textarea", { rows: 1, placeholder: words("write"), ariaLabel: words("write"), maxLength: look.text, enterKeyHint: "send" });
  const go = make("button", { type: "submit", className: "go", ariaLabel: words("send"), title: words("send") }, icon("send"));
  const picker = make("input", { type: "file", multiple: true, hidden: true, accept: look.files.map((each) => `.${each}`).join(",") });
  const attach = make("button", { type: "button", ariaLabel: words("attach"), title: words("attach"), hidden: !look.files.length, on: { click: () => picker.click() } }, icon("attach"));
  const faces = make("div", { className: "emoji", hidden: true }, ...FACES.map((face) => make("button", { type: "button", on: { click: () => insert(face) } }, face)));
  const smile = make("button", { type: "button", ariaLabel: words("emoji"), title: words("emoji"), ariaExpanded: "false", on: { click: () => showFaces(faces.hidden) } }, icon("smile"));
  const foot = make("form", { className: "foot" }, attach, picker, smile, area, go);
  const body = make("div", { className: "body" });
  const leave = make("button", { type: "button", ariaLabel: words("end"), title: words("end"), hidden: true, on: { click: askEnd } }, icon("leave"));
  const close = make("button", { type: "button", ariaLabel: words("close"), title: words("close"), on: { click: () => show(false) } }, icon("close"));
  const panel = make("section", { className: "panel", role: "dialog", ariaLabel: title, hidden: true }, make("header", { className: "top" }, make("h2", {}, title), leave, close), bar, log, typing, faces, foot, body);
  const count = make("span", { className: "count", hidden: true });
  const launch = make("button", { type: "button", className: "launch", ariaLabel: words("open"), ariaExpanded: "false", on: { click: () => show(panel.hidden) } }, icon("chat"), count);
  root.append(panel, launch);
  document.body.append(host);
  const lines = openLog(log, { say: words, lang: voice.lang, title, fetchFile: (file) => deeds.fetchFile(file), again: (line) => deeds.again(line) });

  // ---------------------------------------------------------------- what is shown when
  const isOver = () => talk.state === "ended";
  const isIn = () => talk.state === "open" || talk.state === "new" || begun;
  let shownPart = "";
  function showPart() {
    const part = partOf();
    if (part === shownPart) return;
    shownPart = part;
    const inside = insideOf(part);
    body.replaceChildren(...(inside ? [inside] : []));
    foot.hidden = Boolean(inside);
    log.hidden = typing.hidden = Boolean(inside) && !isOver();
    if (inside) showFaces(false);
  }
  function partOf() {
    if (isOver()) return `over ${talk.rating ?? ""}`;
    if (talk.isLeft) return "left";
    if (isIn()) return "talk";
    if (!talk.online) return "offline";
    return needsForm ? "first" : "talk";
  }
  function insideOf(part) {
    if (part === "talk") return null;
    if (part === "left") return make("div", { className: "after" }, make("p", { role: "status" }, words("left")));
    if (isOver()) return lastForm(look, { words, talk, ...deeds });
    const isOffline = part === "offline";
    return firstForm(look, { words, isOffline, isKnown: deeds.isSigned, name: "", submit: isOffline ? deeds.leave : begin });
  }
  async function begin(values) {
    await deeds.begin(values);
    begun = true;
    showPart();
    area.focus();
  }
  function draw(now) {
    talk = now;
    showPart();
    leave.hidden = !(talk.state === "open" || talk.state === "new");
    lines.draw(talk, hello);
    typing.textContent = talk.typing ? words("typing", { name: talk.typing.trim() || words("somebody") }) : "";
    bar.textContent = talk.lost ? words("lost") : talk.trouble || placeInLine();
    bar.hidden = !bar.textContent;
    countUnread();
  }
  function placeInLine() {
    if (!talk.queue || talk.state !== "open") return "";
    const { place, minutes } = talk.queue;
    return [words("place", { n: place }), minutes ? words("wait", { n: minutes }) : ""].join(" ");
  }
  function countUnread() {
    const theirs = [...talk.lines.values()].filter((line) => !line.own).length;
    if (panel.hidden) unread += Math.max(0, theirs - counted);
    else if (!document.hidden) deeds.read();
    counted = theirs;
    count.textContent = unread || "";
    count.hidden = !unread;
    launch.ariaLabel = unread ? `${words("open")} (${words("fresh", { n: unread })})` : words("open");
  }

  function show(isShown, { takesFocus = true } = {}) {
    panel.hidden = !isShown;
    host.toggleAttribute("data-open", isShown);
    launch.ariaExpanded = String(isShown);
    keep({ isOpen: isShown });
    if (isShown) {
      unread = 0;
      draw(talk);
      log.scrollTop = log.scrollHeight;
      deeds.read();
    }
    if (takesFocus) (isShown ? root.querySelector(".body input, .body select, .body textarea") ?? area : launch).focus();
  }

  // ---------------------------------------------------------------- writing
  function submit() {
    const text = area.value.trim();
    if (!text) return;
    area.value = "";
    deeds.types(false);
    deeds.say(text);
  }
  foot.addEventListener("submit", (event) => { event.preventDefault(); submit(); area.focus(); });
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  });
  area.addEventListener("input", () => deeds.types(Boolean(area.value.trim())));
  root.addEventListener("keydown", (event) => {
    event.stopPropagation(); // the host's shortcuts are not meant
    if (event.key !== "Escape") return;
    if (!faces.hidden) { showFaces(false); area.focus(); } else if (!panel.hidden) show(false);
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !panel.hidden) deeds.read(); });

  function insert(face) {
    area.setRangeText(face, area.selectionStart, area.selectionEnd, "end");
    showFaces(false);
    area.focus();
  }
  function showFaces(isShown) {
    faces.hidden = !isShown;
    smile.ariaExpanded = String(isShown);
    if (isShown) faces.firstElementChild.focus();
  }

  // ---------------------------------------------------------------- files
  function sendFiles(files) {
    talk.trouble = "";
    for (const file of files) {
      const ending = file.name.split(".").at(-1).toLowerCase();
      if (!look.files.includes(ending)) talk.trouble = words("kind", { name: file.name });
      else if (file.size > look.file_bytes) talk.trouble = words("big", { name: file.name, size: Math.floor(look.file_bytes / 1048576) });
      else deeds.sendFile(file);
    }
    draw(talk);
  }
  const takesFiles = () => look.files.length && !foot.hidden;
  picker.addEventListener("change", () => { sendFiles(picker.files); picker.value = ""; });
  area.addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length || !takesFiles()) return;
    event.preventDefault();
    sendFiles(event.clipboardData.files);
  });
  for (const [name, isOver_] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
    panel.addEventListener(name, (event) => {
      event.preventDefault();
      panel.classList.toggle("drop", isOver_ && Boolean(takesFiles()));
      if (name === "drop" && takesFiles()) sendFiles(event.dataTransfer.files);
    });
  }

  // ---------------------------------------------------------------- the end
  function askEnd() {
    if (root.querySelector("[data-really]")) return;
    const box = make("div", { className: "after", data: { really: "" } }, make("p", {}, words("really")));
    const yes = make("button", { type: "button", className: "plain", on: { click: () => { box.remove(); deeds.end(); } } }, words("yes"));
    const no = make("button", { type: "button", className: "plain", on: { click: () => { box.remove(); area.focus(); } } }, words("no"));
    box.append(make("div", { className: "row" }, yes, no));
    foot.before(box);
    yes.focus();
  }
  return {
    draw,
    begin: (given, chosen) => { talk = given; deeds = chosen; draw(talk); if (isOpen) show(true, { takesFocus: false }); },
    restart: () => { begun = false; shownPart = ""; lines.clear(); counted = 0; draw(talk); },
    open: () => show(true),
    close: () => show(false),
  };
}
