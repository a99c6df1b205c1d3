// The report on a stored version: each finding is marked on its element; choosing one shows that element.
const MARK = { error: "rb-bad", warning: "rb-warned" };

export function report(viewer, list) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  let chosen;
  for (const item of list.querySelectorAll("[data-element]")) {
    const shape = registry.get(item.dataset.element);
    if (!shape || shape === canvas.getRootElement()) continue;
    if (MARK[item.dataset.severity]) canvas.addMarker(shape, MARK[item.dataset.severity]);
    item.querySelector("b")?.replaceChildren(shape.businessObject.name || shape.id);
    const said = item.querySelector(".said");
    const button = Object.assign(document.createElement("button"), { type: "button", className: "bare said" });
    button.append(...said.childNodes);
    said.replaceWith(button);
    button.addEventListener("click", () => {
      if (chosen) canvas.removeMarker(chosen, "rb-chosen");
      chosen = shape;
      canvas.addMarker(shape, "rb-chosen");
      canvas.scrollToElement(shape, 120);
      canvas.getContainer().scrollIntoView({ block: "nearest" });
    });
  }
}
