// Buttons that copy the value of a field; without a clipboard the field is selected, so that a person can copy it.
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  const field = button && document.getElementById(button.dataset.copy);
  if (!field) return;
  field.select();
  const copied = await navigator.clipboard?.writeText(field.value).then(() => true, () => false);
  if (copied) button.textContent = button.dataset.copied;
});
