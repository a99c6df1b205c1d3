// Fields that are asked for only when another field has a certain value. What is hidden is not sent.
export function prepareFields(root) {
  for (const field of root.querySelectorAll("[data-show-if]")) {
    const other = field.closest("form")?.elements.namedItem(field.dataset.showIf);
    const value = other?.type === "checkbox" ? other.checked : other?.value;
    const shown = JSON.parse(field.dataset.showIn).map(String).includes(String(value));
    field.hidden = !shown;
    for (const input of field.querySelectorAll("input, select, textarea")) input.disabled = !shown;
  }
}

document.addEventListener("change", (event) => {
  if (event.target.form) prepareFields(event.target.form);
});
