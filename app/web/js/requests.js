// htmx by our rules: the form token on every request, refusals as toasts and beside their fields, a bar while something loads.
import htmx from "htmx.org";
import { csrf, toast } from "./screen.js";
import { text } from "./text.js";

let running = 0;
const loading = (by) => {
  running = Math.max(0, running + by);
  document.body.classList.toggle("loading", running > 0);
};

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = csrf();
});
document.addEventListener("htmx:beforeSend", () => loading(1));
document.addEventListener("htmx:afterRequest", () => loading(-1));
document.addEventListener("htmx:sendError", () => toast(text("offline"), { bad: true }));

document.addEventListener("htmx:responseError", (event) => {
  const reply = event.detail.xhr;
  if (reply.status === 401) {
    location.reload();
    return;
  }
  const page = new DOMParser().parseFromString(reply.responseText, "text/html");
  showFieldErrors(event.detail.elt.closest("form"), page);
  const words = page.querySelector("[data-message], [role=alert] p")?.textContent.trim() || page.body.textContent.trim().slice(0, 300);
  toast(words || text("failed"), { bad: true });
});

// The server names the fields it refused; each gets its sentence, and the first one the cursor.
function showFieldErrors(form, page) {
  if (!form) return;
  for (const old of form.querySelectorAll("small.wrong")) old.remove();
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  let first;
  for (const item of page.querySelectorAll("[data-field]")) {
    const input = form.elements.namedItem(item.dataset.field);
    if (!input?.closest) continue;
    const small = document.createElement("small");
    small.className = "wrong";
    small.id = `wrong-${item.dataset.field}`;
    small.textContent = item.textContent.trim();
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", small.id);
    (input.closest(".field") ?? input.parentElement).append(small);
    first ??= input;
  }
  first?.focus();
}

export { htmx };
