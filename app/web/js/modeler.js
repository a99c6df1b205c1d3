// The designer's editor: draw or upload, be told everything that is wrong on its element, save as the next version.
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn-embedded.css";
import "@bpmn-io/properties-panel/dist/assets/properties-panel.css";
import Modeler from "bpmn-js/lib/Modeler";
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule } from "bpmn-js-properties-panel";
import moddle from "./ringback-moddle.json";
import { groups, provider } from "./properties.js";

export async function mount(element, { text, csrf, toast }) {
  const form = element.closest("form");
  const names = JSON.parse(element.dataset.names || "{}");
  const modeler = new Modeler({
    container: element.querySelector(".canvas"),
    propertiesPanel: { parent: element.querySelector(".props") },
    additionalModules: [BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, provider(groups(text, names))],
    moddleExtensions: { ringback: moddle },
  });
  const state = { original: "", dirty: false };
  const canvas = modeler.get("canvas");

  async function open(xml) {
    try {
      await modeler.importXML(xml);
    } catch (error) {
      toast(`${text("not_bpmn")} ${error.message.slice(0, 200)}`, { bad: true });
      return;
    }
    Object.assign(state, { original: xml, dirty: false });
    canvas.zoom("fit-viewport", "auto");
    await check();
  }
  // An unedited diagram goes back byte for byte: writing it anew would reformat what another tool made.
  const current = async () => (state.dirty ? (await modeler.saveXML({ format: true })).xml : state.original);

  async function check() {
    const body = new FormData(form);
    body.set("xml", new Blob([await current()], { type: "application/xml" }), "process.bpmn");
    const reply = await fetch(element.dataset.checkUrl, { method: "POST", body, headers: { "X-CSRF-Token": csrf(), Accept: "application/json" } });
    if (reply.ok) show((await reply.json()).findings); else toast(text("check_failed"), { bad: true });
  }

  function show(findings) {
    const list = document.getElementById("findings");
    const overlays = modeler.get("overlays");
    const registry = modeler.get("elementRegistry");
    overlays.remove({ type: "finding" });
    for (const shape of registry.getAll()) { canvas.removeMarker(shape, "rb-bad"); canvas.removeMarker(shape, "rb-warned"); }
    list.replaceChildren(...findings.map((finding) => row(finding, registry)));
    if (!findings.length) list.replaceChildren(Object.assign(document.createElement("li"), { textContent: text("no_findings") }));
  }

  function row(finding, registry) {
    const item = document.createElement("li");
    const shape = finding.element_id && registry.get(finding.element_id);
    const chip = Object.assign(document.createElement("span"), { className: `chip ${{ error: "bad", warning: "warn", info: "" }[finding.severity]}`, textContent: text(`severity_${finding.severity}`) });
    const button = Object.assign(document.createElement("button"), { type: "button", className: "bare", textContent: `${finding.element_id ? `${finding.element_id}: ` : ""}${finding.message}` });
    if (shape) {
      if (finding.severity !== "info") canvas.addMarker(shape, finding.severity === "error" ? "rb-bad" : "rb-warned");
      button.addEventListener("click", () => { modeler.get("selection").select(shape); canvas.scrollToElement(shape); });
    } else button.disabled = true;
    item.append(chip, button);
    return item;
  }

  let timer;
  modeler.on("commandStack.changed", () => {
    state.dirty = modeler.get("commandStack").canUndo();
    form.querySelector("[data-dirty]").hidden = !state.dirty;
    clearTimeout(timer);
    timer = setTimeout(check, 1200);
  });
  element.addEventListener("dragover", (event) => event.preventDefault());
  element.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files); });
  form.querySelector("[data-open]").addEventListener("change", (event) => take(event.target.files));
  async function take(files) {
    const diagram = [...files].find((file) => !/\.(dmn|json)$/i.test(file.name));
    if (diagram) await open(await diagram.text());
  }
  const bind = (name, action) => form.querySelector(`[data-${name}]`)?.addEventListener("click", action);
  bind("undo", () => modeler.get("commandStack").undo());
  bind("redo", () => modeler.get("commandStack").redo());
  bind("zoom", () => canvas.zoom("fit-viewport", "auto"));
  bind("export", async () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([await current()], { type: "application/xml" }));
    link.download = "process.bpmn";
    link.click();
    URL.revokeObjectURL(link.href);
  });
  addEventListener("beforeunload", (event) => { if (state.dirty && !state.saving) event.preventDefault(); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new FormData(form);
    body.set("xml", new Blob([await current()], { type: "application/xml" }), "process.bpmn");
    const reply = await fetch(form.action, { method: "POST", body, headers: { "X-CSRF-Token": csrf(), Accept: "application/json" } });
    const answer = await reply.json();
    if (!reply.ok) { toast(answer.detail ?? text("failed"), { bad: true }); return; }
    state.saving = true;
    location.assign(answer.location);
  });
  await open(await (await fetch(element.dataset.xmlUrl)).text());
}
