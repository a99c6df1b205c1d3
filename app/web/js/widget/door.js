// The widget's way to the desk: every request, how it is tried again, and the stream of news with polling in its place.
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;
const POLL = 4000;
const POLL_HIDDEN = 20_000;

export class Refused extends Error {
  constructor(status, body, wait) {
    super(body.detail ?? String(status));
    Object.assign(this, { status, code: body.code ?? "", fields: body.errors ?? [], wait });
  }
}

export function openDoor(base, key) {
  const root = `${base}/chat/${encodeURIComponent(key)}`;
  let token = "";

  async function ask(path, { body, headers = {}, method = body === undefined ? "GET" : "POST" } = {}) {
    const reply = await fetch(`${root}/${path}`, {
      method, body: body === undefined || body instanceof Blob ? body : JSON.stringify(body), credentials: "omit", keepalive: path === "signs",
      headers: { Accept: "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}), ...headers },
    });
    if (reply.ok) return reply;
    const problem = await reply.json().catch(() => ({}));
    throw new Refused(reply.status, problem, Number(reply.headers.get("Retry-After")) * 1000);
  }
  const read = async (path, options) => {
    const words = await (await ask(path, options)).text();
    return words ? JSON.parse(words) : null;
  };
  return { ask, read, use: (fresh) => { token = fresh; }, hasToken: () => Boolean(token) };
}

// Whether it may pass later: the network, a desk that starts anew, too much at once.
export const passes = (error) => !(error instanceof Refused) || error.status === 429 || error.status >= 500;

// Asks again and again until it passes or is refused for good.
export async function insist(action) {
  for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
    try {
      return await action();
    } catch (error) {
      if (!passes(error)) throw error;
      await new Promise((done) => { setTimeout(done, error.wait || wait * (0.7 + Math.random() * 0.6)); });
    }
  }
}

// Hears that there is something new: over the stream, and by asking now and then where that does not come through.
export function listen({ hear, catchUp, state }) {
  let source;
  let url = "";
  let failures = 0;
  let timer;
  let closed = false;

  function connect() {
    source?.close();
    if (closed || !url || !globalThis.EventSource) return;
    try {
      source = new EventSource(url);
    } catch {
      return; // the host's policy forbids it: asking now and then is left
    }
    source.addEventListener("hello", () => { failures = 0; state(true); catchUp(); });
    source.addEventListener("visitor", (event) => hear(JSON.parse(event.data)));
    source.addEventListener("reset", () => catchUp());
    source.onerror = () => {
      failures += 1;
      if (source.readyState === EventSource.CLOSED) source = undefined;
      if (failures > 1) catchUp();
    };
  }
  const isLive = () => source?.readyState === EventSource.OPEN;
  function poll() {
    clearTimeout(timer);
    if (closed) return;
    timer = setTimeout(async () => {
      // A stream that lives only needs a word now and then: that this page is still here.
      await catchUp();
      poll();
    }, isLive() ? POLL_HIDDEN : document.hidden ? POLL_HIDDEN : POLL);
  }
  poll();
  return {
    at: (fresh) => {
      const isNew = !url;
      url = fresh;
      if (isNew || !source) connect();
    },
    close: () => { closed = true; clearTimeout(timer); source?.close(); source = undefined; },
  };
}
