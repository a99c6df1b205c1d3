// Files go up as soon as they are chosen, pasted or dropped, one after the other, each with its progress; what failed says why and
// can be tried again. Nothing is sent while a file is on its way.
import { htmx } from "./requests.js";
import { csrf, say, toast } from "./screen.js";
import { text } from "./text.js";

const FORM = "form[data-upload-url]";
const WAITING = "waiting";
const RUNNING = "running";
const FAILED = "failed";
const queues = new Map(); // by where they go up: a composer that is drawn anew is another form with the same address

const queueOf = (url) => queues.get(url) ?? queues.set(url, []).get(url);
const formOf = (url) => document.querySelector(`form[data-upload-url="${CSS.escape(url)}"]`);
const made = (tag, values) => Object.assign(document.createElement(tag), values);
const UNITS = [[1e6, "megabyte"], [1e3, "kilobyte"], [1, "byte"]];

function sizeOf(bytes) {
  const [one, unit] = UNITS.find(([each]) => bytes >= each) ?? UNITS.at(-1);
  return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, maximumFractionDigits: 1 }).format(bytes / one);
}

function upload(form, files) {
  const url = form.dataset.uploadUrl;
  for (const file of files) {
    const item = { url, file, state: WAITING, row: made("li", { className: "upload" }) };
    queueOf(url).push(item);
    form.querySelector("[data-uploads]").append(item.row);
    draw(item);
  }
  next(url);
}

function next(url) {
  const queue = queueOf(url);
  const item = queue.some((each) => each.state === RUNNING) ? undefined : queue.find((each) => each.state === WAITING);
  if (item) send(item);
}

function send(item) {
  const { url, file } = item;
  const body = new FormData();
  body.append("file", file);
  const request = new XMLHttpRequest();
  Object.assign(item, { request, state: RUNNING, why: "" });
  draw(item);
  request.upload.onprogress = (at) => progress(item, at.total ? at.loaded / at.total : 0);
  request.onload = () => (request.status === 200 ? arrived(item) : failed(item, refusal(request)));
  request.onerror = () => failed(item, text("upload_cut"));
  request.open("POST", url);
  request.setRequestHeader("X-CSRF-Token", csrf());
  request.setRequestHeader("HX-Request", "true");
  request.send(body);
}

function refusal(request) {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  return page.querySelector("[role=alert] p")?.textContent.trim() || text("upload_refused", { status: request.status });
}

function arrived(item) {
  remove(item);
  const place = formOf(item.url)?.querySelector("#draft-files");
  if (place) htmx.swap(place, item.request.responseText, { swapStyle: "innerHTML" });
  say(text("uploaded", { name: item.file.name }));
  next(item.url);
}

function failed(item, why) {
  Object.assign(item, { state: FAILED, why });
  draw(item);
  say(text("upload_failed", { name: item.file.name }));
  next(item.url);
}

function remove(item) {
  const queue = queueOf(item.url);
  queue.splice(queue.indexOf(item), 1);
  const isHere = item.row.contains(document.activeElement);
  item.row.remove();
  if (isHere) formOf(item.url)?.querySelector("textarea").focus();
}

function cancel(item) {
  item.request?.abort(); // no event follows that counts
  remove(item);
  say(text("upload_cancelled", { name: item.file.name }));
  next(item.url);
}

function progress(item, part) {
  const percent = Math.round(part * 100);
  item.row.querySelector("progress").value = percent;
  item.row.querySelector("output").textContent = text("percent", { percent });
}

// ---------------------------------------------------------------- what is seen of one
function draw(item) {
  const { row, file, state, why } = item;
  const hadFocus = row.contains(document.activeElement);
  row.dataset.state = state;
  row.replaceChildren(made("b", { textContent: file.name }), made("small", { textContent: sizeOf(file.size) }));
  if (state === FAILED) {
    row.append(made("span", { className: "wrong", textContent: why }), button("retry", item, () => {
      Object.assign(item, { state: WAITING });
      draw(item);
      next(item.url);
    }));
  } else {
    const bar = made("progress", { max: 100, value: 0 });
    bar.setAttribute("aria-label", text("uploading_of", { name: file.name }));
    row.append(bar, made("output", { textContent: state === WAITING ? text("upload_waits") : text("percent", { percent: 0 }) }));
  }
  row.append(button(state === FAILED ? "upload_remove" : "upload_cancel", item, () => cancel(item)));
  if (hadFocus) row.querySelector("button").focus();
}

function button(name, item, act) {
  const press = made("button", { type: "button", className: "bare", textContent: text(name), onclick: act });
  press.setAttribute("aria-label", `${text(name)}: ${item.file.name}`);
  return press;
}

// ---------------------------------------------------------------- how files come, and what they hold up
document.addEventListener("submit", (event) => {
  if (!event.target.matches?.(FORM)) return;
  const left = queueOf(event.target.dataset.uploadUrl);
  if (left.length === 0) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const isUnderWay = left.some((item) => item.state !== FAILED);
  const names = left.map((item) => item.file.name).join(", ");
  toast(text(isUnderWay ? "upload_under_way" : "upload_left", { names }), { bad: true });
}, true);
document.addEventListener("htmx:afterSettle", () => {
  for (const [url, queue] of queues) {
    const place = queue.length > 0 && formOf(url)?.querySelector("[data-uploads]");
    if (place && !place.contains(queue[0].row)) place.append(...queue.map((item) => item.row));
  }
});
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-files]")) return;
  upload(event.target.form, event.target.files);
  event.target.value = "";
});
document.addEventListener("paste", (event) => {
  const form = event.target.closest?.(FORM);
  if (form && event.clipboardData.files.length) {
    event.preventDefault();
    upload(form, event.clipboardData.files);
  }
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.closest?.(FORM);
    if (!form || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    form.classList.toggle("drop", kind === "dragover");
    if (kind === "drop") upload(form, event.dataTransfer.files);
  });
}
