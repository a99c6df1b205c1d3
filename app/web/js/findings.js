// The report beside the editor: each finding listed and marked on its element; choosing it shows the element.
const ORDER = { error: 0, warning: 1, info: 2 };
const CHIP = { error: "bad", warning: "warn", info: "" };
const MARK = { error: "rb-bad", warning: "rb-warned" };

export function findingsList(modeler, list, text) {
  const canvas = modeler.get("canvas");
  const registry = modeler.get("elementRegistry");

  function row({ element_id: id, severity, message }) {
    const item = document.createElement("li");
    const shape = id && registry.get(id);
    const chip = Object.assign(document.createElement("span"), { className: `chip ${CHIP[severity] ?? ""}`, textContent: text(`severity_${severity}`) });
    const name = shape?.businessObject.name || id;
    const words = name ? `${name}: ${message}` : message;
    if (!shape) {
      item.append(chip, Object.assign(document.createElement("span"), { textContent: words }));
      return item;
    }
    if (MARK[severity]) canvas.addMarker(shape, MARK[severity]);
    const button = Object.assign(document.createElement("button"), { type: "button", className: "bare", textContent: words });
    button.addEventListener("click", () => {
      if (shape !== canvas.getRootElement()) canvas.scrollToElement(shape, 120);
      modeler.get("selection").select(shape === canvas.getRootElement() ? null : shape);
    });
    item.append(chip, button);
    return item;
  }

  return (findings) => {
    for (const shape of registry.getAll()) for (const mark of Object.values(MARK)) canvas.removeMarker(shape, mark);
    const rows = [...findings].sort((one, other) => ORDER[one.severity] - ORDER[other.severity]).map(row);
    list.replaceChildren(...(rows.length ? rows : [Object.assign(document.createElement("li"), { textContent: text("no_findings") })]));
  };
}
