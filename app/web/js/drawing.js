// What viewer and editor share: the theme's colours, names in the reader's language, badges on elements.
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "../css/diagram.css";
import moddle from "./ringback-moddle.json";

// Colours as custom properties: a change of theme needs no redraw.
export const options = {
  bpmnRenderer: { defaultFillColor: "var(--surface)", defaultStrokeColor: "var(--ink-2)", defaultLabelColor: "var(--ink)" },
  textRenderer: { defaultStyle: { fontFamily: "Inter, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', system-ui, sans-serif" } },
  moddleExtensions: { ringback: moddle },
};

// Only for looking: an editor must not write translated names back.
export function nameIn(language, elementsById) {
  for (const element of Object.values(elementsById)) {
    const labels = element.extensionElements?.values?.filter((item) => item.$type === "ringback:Label" || item.$type === "ringback:label") ?? [];
    const own = labels.find((label) => language.startsWith(label.lang));
    if (own?.text) element.name = own.text;
  }
}

export function badge(name, words) {
  return Object.assign(document.createElement("div"), { className: name, textContent: words });
}

function button(label, words, action) {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: words, title: label });
  made.setAttribute("aria-label", label);
  made.addEventListener("click", action);
  return made;
}

export function tools(canvas, text, { whole = () => canvas.zoom("fit-viewport", "auto") } = {}) {
  const bar = document.createElement("div");
  bar.className = "rb-tools";
  bar.append(
    button(text("zoom_out"), "−", () => canvas.zoom(canvas.zoom() / 1.25, "auto")),
    button(text("zoom_in"), "+", () => canvas.zoom(canvas.zoom() * 1.25, "auto")),
    button(text("fit"), "⤢", whole),
  );
  return bar;
}
