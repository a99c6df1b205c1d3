// The shell never reloads: links and forms that lead to another page of the desk fetch it and change the part inside the
// shell, so that the rail, the tabs and a call stay. Without scripts they are ordinary links and forms.
import { htmx } from "./requests.js";
import { say } from "./screen.js";
import { text } from "./text.js";

const NOT_PAGES = /^\/(static|api|files|attachments|blobs|log(in|out)|stream)\b|\.\w{2,5}$/;
const CASE = /^\/cases\/[^/]+$/;
const AROUND = "#tabs,#shortcuts,#bell";

const isPage = (url) => url.origin === location.origin && !NOT_PAGES.test(url.pathname);
const isDressed = (element) => ["get", "post"].some((verb) => element.hasAttribute(`hx-${verb}`));

function dress(element, verb, url) {
  // Beside a list only the case changes, so that the list keeps its place.
  const isBeside = verb === "get" && CASE.test(url.pathname) && document.querySelector("#list") && document.querySelector("#main.case");
  const wanted = { [`hx-${verb}`]: url.pathname + url.search, "hx-target": isBeside ? "#main" : "#desk" };
  if (!isBeside) Object.assign(wanted, { "hx-select": "#desk", "hx-swap": "outerHTML", "hx-select-oob": AROUND });
  // Of two pages asked for one after the other, the last one is shown, whichever answer comes first.
  if (verb === "get") Object.assign(wanted, { "hx-push-url": url.pathname + url.search + url.hash, "hx-sync": "body:replace" });
  for (const [name, value] of Object.entries(wanted)) element.setAttribute(name, value);
  element.dataset.dressed = Object.keys(wanted).join(" ");
  htmx.process(element);
}

// What is beside a list now may not be later: a link is dressed anew each time it is used.
function undress(element) {
  for (const name of (element.dataset.dressed ?? "").split(" ").filter(Boolean)) element.removeAttribute(name);
  delete element.dataset.dressed;
}

const isPlainClick = (event) => !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
const isOwn = (link) => Boolean(link.target || link.download || isDressed(link) || link.closest("[data-whole]"));
const isHere = (url) => Boolean(url.hash) && url.pathname === location.pathname && url.search === location.search;

function prepareLink(event) {
  const link = event.target.closest?.("a[href]");
  if (!link || !isPlainClick(event)) return;
  if (isDressed(link) && !link.dataset.dressed) htmx.process(link); // before htmx has come round to what was just drawn
  undress(link);
  const url = new URL(link.href, location.href);
  if (!isOwn(link) && isPage(url) && !isHere(url)) {
    document.querySelector("dialog[open]")?.close();
    for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
    dress(link, "get", url);
  }
}

function prepareForm(form) {
  if (!form || !form.action || form.target || form.matches("[data-whole], [method=dialog]")) return;
  if (isDressed(form) && !form.dataset.dressed) {
    htmx.process(form);
    return;
  }
  undress(form);
  const url = new URL(form.getAttribute("action") ?? "", location.href);
  if (isPage(url)) {
    dress(form, form.method === "post" ? "post" : "get", url);
    if (form.method !== "post") form.setAttribute("hx-push-url", "true");
  }
}

// In the capture phase: by the time the event reaches the element, htmx listens to it there.
document.addEventListener("click", prepareLink, true);
document.addEventListener("click", (event) => prepareForm(event.target.closest?.("button, input[type=submit]")?.form), true);
document.addEventListener("submit", (event) => prepareForm(event.target), true);

// What answered by sending us elsewhere: that is the address now.
document.addEventListener("htmx:beforeOnLoad", ({ detail: { xhr, elt } }) => {
  if (!elt.dataset?.dressed || !xhr.responseURL) return;
  const to = new URL(xhr.responseURL);
  const asked = new URL(elt.getAttribute("hx-post") ?? elt.getAttribute("hx-get"), location.href);
  if (to.pathname !== asked.pathname) elt.setAttribute("hx-push-url", to.pathname + to.search);
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target, serverResponse } = event.detail;
  if (target?.id !== "desk") return;
  const hasDesk = (serverResponse ?? "").includes('id="desk"');
  if (hasDesk) {
    // A refused form comes back as a page with what was typed and what is wrong.
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  } else if (xhr.status < 400 && xhr.status !== 204) {
    event.detail.shouldSwap = false;
    location.assign(xhr.responseURL || location.href);
  }
});

export function go(address) {
  const link = Object.assign(document.createElement("a"), { href: address, hidden: true });
  document.body.append(link);
  link.click();
  setTimeout(() => link.remove(), 30_000);
}

// The reader hears where they are; a part of an address is where they wanted to be.
document.addEventListener("htmx:afterSettle", ({ detail: { target, requestConfig } }) => {
  if (target?.id !== "desk" && target?.id !== "main") return;
  if (!requestConfig?.elt?.matches?.("a, form")) return;
  say(text("opened", { title: document.title.replace(/ · Ringback$/, "") }));
  toPart();
});

export function toPart() {
  const part = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!part) return;
  part.scrollIntoView({ block: "start" });
  if (!part.matches("a, button, input")) part.tabIndex = -1;
  part.focus({ preventScroll: true });
}

// Back and forward bring the content only: which section it is of stands in the answer.
document.addEventListener("htmx:historyRestore", ({ detail: { serverResponse } }) => {
  const section = /id="desk"[^>]*data-section="(\w+)"/.exec(serverResponse ?? "")?.[1];
  const desk = document.getElementById("desk");
  if (section && desk) desk.dataset.section = section;
  document.dispatchEvent(new CustomEvent("rb:place"));
  document.getElementById("main")?.focus({ preventScroll: true });
});
