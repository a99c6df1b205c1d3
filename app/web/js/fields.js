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

// The panel beside a case is drawn anew whenever something happens there: what was filled in for a step that is still open stays.
const TASK = "form[data-task]";
const kept = new Map();

const touched = (input) => {
  if (input.type === "checkbox") return input.checked !== input.defaultChecked;
  return input.options ? [...input.options].some((one) => one.selected !== one.defaultSelected) && input.value !== "" : input.value !== input.defaultValue;
};

document.addEventListener("htmx:beforeSwap", ({ target }) => {
  kept.clear();
  for (const form of target.querySelectorAll?.(TASK) ?? []) {
    const inputs = [...form.elements].filter((input) => input.name && input.type !== "hidden");
    const at = inputs.find((input) => input === document.activeElement);
    kept.set(form.dataset.task, {
      values: inputs.filter(touched).map((input) => [input.name, input.type === "checkbox" ? input.checked : input.value]),
      focus: at && [at.name, at.selectionStart, at.selectionEnd],
    });
  }
});

document.addEventListener("htmx:afterSwap", ({ target }) => {
  for (const form of target.querySelectorAll?.(TASK) ?? []) {
    const { values = [], focus } = kept.get(form.dataset.task) ?? {};
    for (const [name, value] of values) {
      const input = form.elements.namedItem(name);
      if (input) input[input.type === "checkbox" ? "checked" : "value"] = value;
    }
    prepareFields(form);
    if (focus) focusAgain(form.elements.namedItem(focus[0]), focus);
  }
});

function focusAgain(input, [, from, to]) {
  input?.focus({ preventScroll: true });
  if (input?.setSelectionRange && from !== null && from !== undefined) input.setSelectionRange(from, to);
}
