// The chat widget: one script tag on any site. It asks the desk how it looks, shows a button, and talks.
//   <script src="https://desk.example/chat/widget.js" data-widget="shop-help" async></script>
import { openDoor, insist } from "./door.js";
import { openStore } from "./store.js";
import { openTalk } from "./talk.js";
import { openView } from "./view.js";
import { speak } from "./words.js";

async function start(script) {
  const { widget, desk, identity, language } = script.dataset;
  const base = (desk || new URL(script.src).origin).replace(/\/$/, "");
  const door = openDoor(base, widget);
  const look = await insist(() => door.read("look"));
  const voice = speak(language || look.language);
  const store = openStore(widget);
  const kept = store.load();
  // A token that the host has signed for somebody is not another's: who signs in or out begins anew.
  const who = identity ? subject(identity) : "";
  if ((kept.who ?? "") !== who) store.keep({ token: "", pending: [], who });
  // Without a form the chat begins with its first word.
  const needsForm = look.topics.length > 0 || (!identity && (look.ask.name !== "no" || look.ask.email !== "no"));
  const view = openView({ look, voice, nonce: script.nonce, isOpen: kept.isOpen, keep: store.keep, needsForm });
  const deeds = openTalk(door, store, (talk) => view.draw(talk));
  const { talk } = deeds;
  talk.online = look.online;
  const begin = (values = {}) => deeds.begin({ ...values, identity: identity ?? "", language: voice.language });
  let beginning;
  const ready = () => {
    if (door.hasToken()) return Promise.resolve();
    beginning ??= insist(() => begin()).finally(() => { beginning = undefined; });
    return beginning;
  };
  async function fetchFile(file) {
    const reply = await door.ask(`files/${file.id}`);
    const url = URL.createObjectURL(await reply.blob());
    Object.assign(document.createElement("a"), { href: url, download: file.name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
  const report = (error) => { talk.trouble = error.message; view.draw(talk); };
  const first = (action) => (...values) => ready().then(() => action(...values)).catch(report);
  const quietly = (action) => () => action().catch(report);
  view.begin(talk, {
    ...deeds, fetchFile, begin, isSigned: Boolean(identity), say: first(deeds.say), sendFile: first(deeds.sendFile), end: quietly(deeds.end),
    anew: () => { deeds.forget(); view.restart(); },
    leave: async (values) => { await deeds.leave({ ...values, identity: identity ?? "", language: voice.language }); talk.isLeft = true; view.draw(talk); },
  });
  if (door.hasToken()) deeds.sync();
  globalThis.RingbackChat = { open: view.open, close: view.close };
}

function subject(identity) {
  try {
    return String(JSON.parse(atob(identity.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub ?? "");
  } catch {
    return "";
  }
}

const script = document.currentScript ?? document.querySelector("script[data-widget]");
// A widget that cannot begin leaves the host's page as it is.
if (script?.dataset.widget) start(script).catch(() => {});
