// Forms of the widget: before the chat, when nobody is there, and after its end.
import { make } from "./parts.js";

const field = (label, control, { needed, words }) => make("label", {}, make("span", {}, label, needed ? ` ${words("need")}` : ""), control);

export function firstForm(look, { words, isOffline, isKnown, name, submit }) {
  const asks = (key) => !isKnown && (look.ask[key] !== "no" || (isOffline && key === "email"));
  const needs = (key) => look.ask[key] === "required" || (isOffline && key === "email");
  const parts = [];
  if (asks("name")) parts.push(field(words("name"), make("input", { name: "name", autocomplete: "name", maxLength: 120, required: needs("name"), value: name }), { needed: needs("name"), words }));
  if (asks("email")) parts.push(field(words("email"), make("input", { name: "email", type: "email", autocomplete: "email", maxLength: 200, required: needs("email") }), { needed: needs("email"), words }));
  if (look.topics.length) {
    const options = [make("option", { value: "" }, words("choose")), ...look.topics.map((each) => make("option", { value: each }, each))];
    parts.push(field(words("topic"), make("select", { name: "topic", required: true }, ...options), { needed: true, words }));
  }
  if (!parts.length && !isOffline) return null;
  if (isOffline) parts.push(field(words("message"), make("textarea", { name: "text", rows: 4, required: true, maxLength: look.text }), { needed: true, words }));
  const wrong = make("p", { className: "wrong", role: "alert", hidden: true });
  const go = make("button", { className: "main", type: "submit" }, words(isOffline ? "leave" : "start"));
  const hello = isOffline ? look.offline_text || words("away") : look.greeting || words("hello");
  const form = make("form", { className: "sheet", noValidate: false }, make("p", {}, hello), ...parts, wrong, go);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    wrong.hidden = true;
    try {
      await submit(Object.fromEntries(new FormData(form)));
    } catch (error) {
      show(form, error);
    }
    go.disabled = false;
  });
  function show(place, error) {
    wrong.textContent = error.fields?.map(({ message }) => message).join(" ") || (error.status === 429 ? words("slow") : error.message);
    wrong.hidden = false;
    place.elements.namedItem(error.fields?.[0]?.field)?.focus();
  }
  return form;
}

// What is asked when a chat is over: how it was, whether it is wanted by mail, and whether to begin anew.
export function lastForm(look, { words, talk, rate, mail, anew }) {
  const place = make("div", { className: "after" }, make("p", {}, words("over")));
  if (look.rates && talk.lines.size) place.append(talk.rating ? make("p", {}, words("thanks")) : rating({ words, rate }));
  if (look.mails && talk.lines.size) place.append(mailing({ words, mail, needsAddress: !talk.isSigned }));
  place.append(make("button", { type: "button", className: "main", on: { click: anew } }, words("again")));
  return place;
}

function rating({ words, rate }) {
  let chosen = 0;
  const more = make("div", { hidden: true });
  const stars = [1, 2, 3, 4, 5].map((value) => make("button", { type: "button", ariaLabel: words("stars", { n: value }), ariaPressed: "false", on: { click: () => choose(value) } }, "★"));
  const text = make("textarea", { rows: 2, maxLength: 1000, ariaLabel: words("say"), placeholder: words("say") });
  const box = make("fieldset", { className: "stars" }, make("legend", {}, words("rate")), ...stars);
  const all = make("form", { className: "sheet" }, box, more);
  more.append(text, make("button", { type: "submit", className: "plain" }, words("send")));
  function choose(value) {
    chosen = value;
    stars.forEach((star, at) => { star.classList.toggle("on", at < value); star.ariaPressed = String(at + 1 === value); });
    more.hidden = false;
    rate(value, "").catch(() => {});
  }
  all.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await rate(chosen, text.value);
      all.replaceChildren(make("p", { role: "status" }, words("thanks")));
    } catch (error) { text.setCustomValidity(error.message); text.reportValidity(); text.setCustomValidity(""); }
  });
  return all;
}

function mailing({ words, mail, needsAddress }) {
  const address = make("input", { type: "email", required: true, autocomplete: "email", ariaLabel: words("email"), placeholder: words("email") });
  const said = make("p", { role: "status", hidden: true });
  const form = make("form", { className: "row" }, needsAddress ? address : null, make("button", { type: "submit", className: "plain" }, words("mail")), said);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await mail(address.value);
      form.replaceChildren(make("p", { role: "status" }, words("mailed")));
    } catch (error) {
      said.textContent = error.status === 429 ? words("slow") : error.message;
      said.hidden = false;
    }
  });
  return form;
}
