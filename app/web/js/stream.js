// One event stream a browser: the tab that holds the lock listens and tells the others.
import { coalesce, once } from "./coalesce.js";

const TOPICS = ["case", "delivery", "notice", "account", "fault", "reset"];
const LAST = "ringback-last-event";

export function openStream(url) {
  const channel = new BroadcastChannel("ringback");
  const first = once();
  const refreshList = coalesce(() => fire("rb:list"));
  const refreshers = new Map();
  const refresh = (name) => {
    if (!refreshers.has(name)) refreshers.set(name, coalesce(() => fire(name), { gap: 700, jitter: 200 }));
    refreshers.get(name)();
  };

  function hear(item) {
    if (!first(item.id)) return;
    document.dispatchEvent(new CustomEvent("rb:news", { detail: item }));
    if (item.case) refresh(`rb:${item.topic}-${item.case}`);
    if (item.topic === "case") refreshList();
    if (item.topic === "account" || item.topic === "fault") refresh(`rb:${item.topic}`);
  }
  channel.onmessage = (event) => hear(event.data);

  const lead = () => new Promise((done) => {
    let last = sessionStorage.getItem(LAST) ?? "";
    let source;
    const connect = () => {
      source = new EventSource(last ? `${url}&last=${encodeURIComponent(last)}` : url);
      for (const topic of ["hello", ...TOPICS]) {
        source.addEventListener(topic, (event) => {
          if (event.lastEventId) { last = event.lastEventId; sessionStorage.setItem(LAST, last); }
          if (topic === "hello") return;
          const item = { ...JSON.parse(event.data), topic, id: event.lastEventId };
          if (topic === "reset") sessionStorage.removeItem(LAST);
          channel.postMessage(item);
          hear(item);
        });
      }
      source.onerror = () => {
        if (source.readyState === EventSource.CLOSED) { source.close(); setTimeout(connect, 3000 + Math.random() * 2000); }
      };
    };
    connect();
    addEventListener("pagehide", () => { source?.close(); done(); }, { once: true });
  });
  if (navigator.locks) navigator.locks.request("ringback-stream", lead); else lead();
}

function fire(name) {
  document.body.dispatchEvent(new CustomEvent(name));
}
