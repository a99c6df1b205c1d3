// One event stream a browser: the tab that holds the lock listens and tells the others. Events become `rb:…` on the body,
// which parts of the page wait for with hx-trigger; rights are checked when they fetch.
import { coalesce, once, whenSeen } from "./coalesce.js";

const TOPICS = ["case", "delivery", "notice", "account", "fault", "presence", "draft", "job", "chat", "offer", "reset"];
const CHATS = new Set(["chat", "offer"]);
const REST = 3000;
const KEPT = 500;
const timeOf = (id) => Number.parseInt(id.replace("@", ""), 10) || 0;

export function openStream(first) {
  const channel = new BroadcastChannel("ringback");
  const isNew = once();
  const refreshers = new Map();
  const seen = whenSeen((name) => document.body.dispatchEvent(new CustomEvent(name)), () => document.hidden);
  const heard = new Map();
  let asked = 0;
  let last = "";
  const recent = [];
  // What happened after this page was made and before anybody listened is news too.
  const place = document.body.dataset.place ?? "";
  document.addEventListener("visibilitychange", () => document.hidden || seen.catchUp());

  function refresh(name, pace) {
    if (!refreshers.has(name)) refreshers.set(name, coalesce(() => seen.tell(name), pace));
    refreshers.get(name)();
  }

  function hear(item) {
    if (!isNew(item.id)) return;
    last = item.id;
    recent.push(item);
    if (recent.length > KEPT) recent.shift();
    if (item.topic === "reset") {
      refreshAll();
      document.dispatchEvent(new CustomEvent("rb:presence", { detail: item }));
      return;
    }
    if (item.topic === "presence") {
      document.dispatchEvent(new CustomEvent("rb:presence", { detail: item }));
      return;
    }
    document.dispatchEvent(new CustomEvent("rb:news", { detail: item }));
    if (CHATS.has(item.topic)) refreshChat(item);
    else if (item.case && item.change !== "read") {
      heard.set(item.case, performance.now());
      refresh(`rb:${item.topic}-${item.case}`, { gap: 700, jitter: 200 });
    }
    if (item.topic === "case") refresh("rb:list");
    if (item.topic === "job") refresh("rb:job", { gap: 700, jitter: 100 });
    if (item.topic === "account" || item.topic === "fault") refresh(`rb:${item.topic}`);
  }

  // People wait at the other end of a chat: its lines are asked for at once. Typing and ticks come with the news themselves.
  function refreshChat(item) {
    if (item.topic === "offer") refresh("rb:offer", { gap: 200, jitter: 0 });
    else if (item.change === "line") refresh(`rb:chat-${item.case}`, { gap: 150, jitter: 0 });
    else if (item.here || item.ended || item.changed) refresh(`rb:chatting-${item.case}`, { gap: 700, jitter: 200 });
  }

  // News that came while a page was under way found the old one on screen: what is drawn by then asks once more.
  const isMain = ({ detail }) => detail.target?.id === "main";
  document.addEventListener("htmx:beforeRequest", (event) => { if (isMain(event)) asked = performance.now(); });
  document.addEventListener("htmx:afterSettle", (event) => {
    const shown = Number(document.querySelector(".case-page")?.dataset.case);
    if (!isMain(event) || !shown || (heard.get(shown) ?? -1) < asked) return;
    for (const topic of ["case", "delivery"]) refresh(`rb:${topic}-${shown}`, { gap: 700, jitter: 200 });
  });

  // The server no longer knows what we missed: everything on screen asks once, spread over some seconds.
  function refreshAll() {
    for (const part of document.querySelectorAll("[hx-trigger*='rb:'], [data-refresh]")) {
      for (const [name] of `${part.getAttribute("hx-trigger") ?? ""} ${part.dataset.refresh ?? ""}`.matchAll(/rb:[\w-]+/g)) refresh(name, { gap: 2000, jitter: 4000 });
    }
  }

  channel.onmessage = ({ data }) => {
    if (data.place !== undefined) repeat(data.place);
    else if (data.lost === undefined) hear(data);
    else tell(data.lost);
  };
  let leads = false;
  const repeat = (since) => leads && recent.filter(({ id }) => timeOf(id) >= timeOf(since)).forEach((item) => channel.postMessage(item));
  channel.postMessage({ place });
  const tell = (lost) => document.dispatchEvent(new CustomEvent("rb:connection", { detail: { lost } }));
  const lead = () => new Promise((done) => {
    leads = true;
    const source = listen(first, { last: () => last || place, hear: (item) => { channel.postMessage(item); hear(item); }, state: (lost) => { channel.postMessage({ lost }); tell(lost); } });
    addEventListener("pagehide", () => { source.close(); done(); }, { once: true });
  });
  // A page that comes back out of the browser's cache has lost its place: it starts over.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  if (navigator.locks) navigator.locks.request("ringback-stream", lead);
  else lead();
}

function listen(first, { last, hear, state }) {
  let url = first;
  let position = "";
  let source;
  let trouble;
  let closed = false;
  const connect = () => {
    if (closed) return;
    const since = last() || position;
    source = new EventSource(since ? `${url}&last=${encodeURIComponent(since)}` : url);
    for (const topic of ["hello", ...TOPICS]) source.addEventListener(topic, (event) => take(topic, event));
    source.onopen = () => { clearTimeout(trouble); trouble = undefined; state(false); };
    source.onerror = () => {
      trouble ??= setTimeout(() => state(true), 4000);
      if (source.readyState === EventSource.CLOSED) setTimeout(renew, REST + Math.random() * REST);
    };
  };
  function take(topic, event) {
    if (event.lastEventId) position = event.lastEventId;
    if (topic !== "hello") hear({ ...JSON.parse(event.data), topic, id: event.lastEventId });
  }
  // A closed stream was refused: the admission is old, or nobody is signed in any more.
  async function renew() {
    try {
      const reply = await fetch("/search", { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      if (reply.redirected && new URL(reply.url).pathname === "/login") { location.reload(); return; }
      url = page.body.dataset.streamUrl || url;
    } catch { /* the desk is away: try again with what we have */ }
    connect();
  }
  connect();
  return { close: () => { closed = true; source.close(); clearTimeout(trouble); } };
}
