// The same agent has written something else here on another machine: both texts are shown, and they choose.
import { text } from "./text.js";

const SHOWN = 300;

export async function offerOther(form) {
  const reply = await fetch(form.dataset.composerUrl, { headers: { "HX-Request": "true" } }).catch(() => {});
  if (!reply?.ok) return;
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const words = page.querySelector("#compose-text")?.value ?? "";
  const version = page.querySelector("[name=draft_version]")?.value ?? "";
  form.querySelector("[data-other]")?.remove();
  const banner = Object.assign(document.createElement("div"), { className: "banner warn" });
  banner.dataset.other = "";
  banner.setAttribute("role", "alert");
  const shown = words.length > SHOWN ? `${words.slice(0, SHOWN)}…` : words;
  banner.append(Object.assign(document.createElement("p"), { textContent: text("other_words", { words: shown }) }));
  const choose = (key, action) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text(key) });
    button.addEventListener("click", () => {
      action();
      banner.remove();
      form.querySelector("[name=draft_version]").value = version;
      const area = form.querySelector("textarea");
      area.focus();
      area.dispatchEvent(new Event("input", { bubbles: true }));
    });
    banner.append(button, " ");
  };
  choose("take_other", () => { form.querySelector("textarea").value = words; });
  choose("keep_mine", () => {});
  form.querySelector("textarea").before(banner);
}
