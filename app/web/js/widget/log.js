// The lines on screen: each is drawn once and then only changed, so that a screen reader hears of it once.
import { icon, linked, make } from "./parts.js";

const keyOf = (line) => (line.own && line.client ? line.client : String(line.id));

export function openLog(place, { say, lang, title, fetchFile, again }) {
  const drawn = new Map();
  const clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit" });

  function element(line, key) {
    let found = drawn.get(key);
    if (!found) {
      found = make("div", { className: line.own ? "line own" : "line" });
      if (!line.own) found.append(make("span", { className: "who" }, line.from || title));
      else found.append(make("span", { className: "sr" }, `${say("you")}: `));
      const words = line.files?.length && line.text === line.files.map(({ name }) => name).join(", ") ? "" : line.text;
      if (words) found.append(make("div", { className: "words", dir: "auto" }, ...linked(words)));
      found.append(make("div", { className: "files" }), make("span", { className: "state" }));
      drawn.set(key, found);
    }
    drawFiles(found, line);
    return found;
  }
  function drawFiles(found, line) {
    const box = found.querySelector(".files");
    if (line.files?.length && !box.dataset.done) {
      box.replaceChildren(...line.files.map((file) => make("button", { type: "button", className: "file", on: { click: () => fetchFile(file) } }, icon("attach"), file.name)));
      box.dataset.done = "1";
    } else if (line.name && !box.childElementCount) box.append(make("span", { className: "file" }, line.name));
    box.hidden = !box.childElementCount;
  }
  function drawState(found, line, mark) {
    const old = found.lastElementChild;
    if (line.state === "failed") {
      if (old.tagName === "BUTTON") return;
      const words = line.why ? `${line.why} ${say("failed")}` : say("failed");
      old.replaceWith(make("button", { type: "button", className: "state bad", on: { click: () => { found.lastElementChild.replaceWith(make("span", { className: "state" })); again(line); } } }, words));
      return;
    }
    const time = line.at ? clock.format(new Date(line.at)) : "";
    const fresh = [time, mark].filter(Boolean).join(" · ");
    if (old.textContent !== fresh) old.textContent = fresh;
  }

  return {
    draw(talk, isHello) {
      const own = [...talk.lines.values()].sort((a, b) => a.id - b.id);
      const all = [...own, ...talk.pending.map((line) => ({ ...line, own: true, client: line.id, again: line }))];
      const isAtEnd = place.scrollHeight - place.scrollTop - place.clientHeight < 60;
      const keys = new Set(all.map(keyOf));
      for (const [key, old] of drawn) if (!keys.has(key)) { old.remove(); drawn.delete(key); }
      let before = isHello;
      const lastOwn = own.filter((line) => line.own).at(-1);
      for (const line of all) {
        const found = element(line, keyOf(line));
        const mark = line.own ? ownMark(line, line === lastOwn, talk) : "";
        drawState(found, line.again ?? line, mark);
        if (before ? before.nextSibling !== found : place.firstChild !== found) place.insertBefore(found, before ? before.nextSibling : place.firstChild);
        before = found;
      }
      if (isAtEnd || all.at(-1)?.again) place.scrollTop = place.scrollHeight;
    },
    clear() {
      for (const old of drawn.values()) old.remove();
      drawn.clear();
    },
  };

  function ownMark(line, isLast, talk) {
    if (line.again) return line.state === "sent" ? say("sent") : say("waiting");
    if (!isLast) return "";
    return talk.seen >= line.id ? say("read") : say("got");
  }
}
