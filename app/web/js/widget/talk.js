// One chat as this page knows it: lines in their order, what is not sent yet, how far the desk has read. Draws nothing.
import { Refused, insist, listen } from "./door.js";
import { newId } from "./store.js";

const TYPING = 6000;
const TELL = 3000;

export function openTalk(door, store, draw) {
  const talk = {
    lines: new Map(), pending: [], last: 0, seen: 0, state: "none", online: true, typing: "", lost: false, rating: null, isSigned: false, name: "", queue: null,
    isLeft: false, trouble: "",
  };
  let stream;
  let quiet;
  let told = 0;
  let syncing;
  let isAgain = false;

  const kept = store.load();
  if (kept.token) door.use(kept.token);
  talk.pending = (kept.pending ?? []).map((line) => ({ ...line, state: "waiting" }));
  const keepPending = () => store.keep({ pending: talk.pending.filter((line) => line.text && line.state !== "failed").map(({ id, text }) => ({ id, text })) });

  function take(found) {
    for (const line of found.lines ?? []) {
      talk.lines.set(line.id, line);
      talk.last = Math.max(talk.last, line.id);
      if (line.own) talk.pending = talk.pending.filter((each) => each.id !== line.client);
      else talk.typing = "";
    }
    Object.assign(talk, { state: found.state, seen: Math.max(talk.seen, found.seen), online: found.online, rating: found.rating, isSigned: found.signed, name: found.name, queue: found.queue ?? null });
    if (found.lines?.length) keepPending();
    if (found.state !== "ended") follow(found.stream);
    else stop();
    draw(talk);
  }

  function follow(url) {
    stream ??= listen({ hear, catchUp: sync, state: (isUp) => setLost(!isUp) });
    stream.at(url);
  }
  function stop() {
    stream?.close();
    stream = undefined;
  }
  function setLost(isLost) {
    if (talk.lost === isLost) return;
    talk.lost = isLost;
    draw(talk);
  }

  // Asks for what came after the last line that is known: nothing is lost or doubled, whatever the stream has told.
  function sync() {
    if (!door.hasToken()) return Promise.resolve();
    if (syncing) {
      isAgain = true;
      return syncing;
    }
    syncing = (async () => {
      try {
        let found;
        do {
          isAgain = false;
          found = await door.read(`lines?after=${talk.last}`);
          take(found);
        } while (found.more || isAgain);
        setLost(false);
      } catch (error) {
        if (error instanceof Refused && error.code === "chat_unknown") forget();
        else if (!(error instanceof Refused && error.status === 429)) setLost(true);
      } finally {
        syncing = undefined;
      }
    })();
    return syncing;
  }

  function hear(news) {
    if (news.typing !== undefined) {
      talk.typing = news.typing ? news.name || " " : "";
      clearTimeout(quiet);
      if (news.typing) quiet = setTimeout(() => { talk.typing = ""; draw(talk); }, TYPING);
    }
    if (news.seen) talk.seen = Math.max(talk.seen, news.seen);
    if (news.queue !== undefined) talk.queue = news.queue;
    draw(talk);
    if (news.last > talk.last || news.ended || news.look) sync();
  }

  function forget() {
    stop();
    door.use("");
    store.keep({ token: "", pending: [] });
    Object.assign(talk, { lines: new Map(), pending: [], last: 0, seen: 0, state: "none", typing: "", rating: null, queue: null, lost: false });
    draw(talk);
  }

  async function begin(values) {
    const found = await door.read("begin", { body: { ...values, page: location.href } });
    door.use(found.token);
    store.keep({ token: found.token });
    take({ ...found, lines: [] });
  }

  // ---------------------------------------------------------------- what the visitor does
  let turn = Promise.resolve();
  function put(line, action) {
    talk.pending.push(line);
    keepPending();
    draw(talk);
    turn = turn.then(() => carry(line, action));
    return turn;
  }
  async function carry(line, action) {
    try {
      await insist(action);
      line.state = "sent";
    } catch (error) {
      Object.assign(line, { state: "failed", why: error.message });
      if (error.code === "chat_ended" || error.code === "chat_unknown") sync();
    }
    keepPending();
    draw(talk);
  }
  const say = (text, line = { id: newId(), text, state: "waiting", at: new Date().toISOString() }) => put(line, () => door.read("lines", { body: { id: line.id, text } }));
  function sendFile(file, line = { id: newId(), text: "", file, name: file.name, state: "waiting", at: new Date().toISOString() }) {
    const headers = { "Content-Type": "application/octet-stream", "X-Line-Id": line.id, "X-File-Name": encodeURIComponent(file.name || "file") };
    return put(line, () => door.read("files", { body: file, headers }));
  }
  function again(line) {
    talk.pending = talk.pending.filter((each) => each !== line);
    Object.assign(line, { state: "waiting", why: "" });
    return line.file ? sendFile(line.file, line) : say(line.text, line);
  }

  function types(isTyping) {
    if (talk.state !== "open" || (!isTyping && !told) || (isTyping && Date.now() - told < TELL)) return;
    told = isTyping ? Date.now() : 0;
    door.ask("signs", { body: { typing: isTyping } }).catch(() => {});
  }
  let readTo = 0;
  function read() {
    if (talk.last <= readTo || !door.hasToken() || talk.state === "ended") return;
    readTo = talk.last;
    door.ask("signs", { body: { read: readTo } }).catch(() => {});
  }

  const leftId = newId();
  store.onChange((values) => {
    if (!values.token) { if (door.hasToken()) forget(); return; }
    door.use(values.token);
    sync();
  });
  for (const line of talk.pending.splice(0)) say(line.text, line);
  return {
    talk, begin, say, sendFile, again, types, read, sync, forget,
    end: async () => { take({ ...(await door.read("end", { body: {} })), lines: [] }); },
    rate: (stars, text) => door.ask("rating", { body: { stars, text } }),
    mail: (email) => door.ask("transcript", { body: { email } }),
    leave: (values) => door.ask("leave", { body: { id: leftId, ...values, page: location.href } }),
  };
}
