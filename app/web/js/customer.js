// The panel beside a case is drawn anew whenever something happens there. A form in it that changes the customer is somebody's
// work: it is put back as it stood, with the cursor where it was.
import { htmx } from "./requests.js";

const FORM = "#customer form";
let kept;

document.addEventListener("htmx:beforeSwap", ({ target }) => {
  const form = target.id === "case-side" ? target.querySelector(FORM) : null;
  const at = form?.contains(document.activeElement) ? document.activeElement : null;
  kept = form && { card: form.closest("#customer"), at, from: at?.selectionStart, to: at?.selectionEnd };
});

document.addEventListener("htmx:afterSwap", ({ target }) => {
  const fresh = kept && target.id === "case-side" ? target.querySelector("#customer") : null;
  if (!fresh) return;
  const { card, at, from, to } = kept;
  kept = null;
  fresh.replaceWith(card);
  htmx.process(card);
  at?.focus({ preventScroll: true });
  if (at?.setSelectionRange && from !== null && from !== undefined) at.setSelectionRange(from, to);
});
