// Dialogs, disclosures and the menu: native elements, opened and closed by what is loaded into them.
import { csrf, wasTaken } from "./screen.js";

const sheet = () => document.getElementById("dialog");

document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = sheet();
  if (event.target !== dialog || !dialog.childElementCount) return;
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("input:not([type=hidden]), select, textarea")?.focus();
});

// A form in the dialog that was taken closes it; one that was refused stays with its words.
document.addEventListener("htmx:afterRequest", (event) => {
  if (wasTaken(event.detail) && event.target.matches("#dialog form")) sheet().close();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  if (event.target.closest("[data-shortcuts]")) document.getElementById("shortcuts").showModal();
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const images = event.target.closest("[data-images]");
  if (images) {
    event.preventDefault();
    images.closest("details").querySelector("iframe").src = images.href;
    images.remove();
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Language applies with a new page; appearance and density at once, and are kept behind it.
document.addEventListener("change", (event) => {
  if (event.target.id === "pref-locale") event.target.form.requestSubmit();
  if (event.target.matches("#pref-theme, #pref-density, [data-look]")) look(event.target);
});

function look({ name, value }) {
  document.documentElement.dataset[name] = value;
  fetch("/preferences/look", { method: "POST", headers: { "X-CSRF-Token": csrf(), "HX-Request": "true" }, body: new URLSearchParams({ [name]: value }), keepalive: true });
}
