// The designer's editor: draw or open a file, be told everything that is wrong on its element, save as the next version.
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule } from "bpmn-js-properties-panel";
import Modeler from "bpmn-js/lib/Modeler";
import { chinese } from "./chinese.js";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn-codes.css";
import "@bpmn-io/properties-panel/dist/assets/properties-panel.css";
import "../css/editor.css";
import { options, tools } from "./drawing.js";
import { findingsList } from "./findings.js";
import { groups, provider } from "./properties.js";

const translation = (language) => {
  const words = language.startsWith("zh") ? chinese : {};
  const translate = (template, values = {}) => (words[template] || template).replace(/\{([^}]+)\}/g, (gap, name) => values[name] ?? gap);
  return { translate: ["value", translate] };
};

export async function mount(element, { text, csrf, toast }) {
  const form = element.closest("form");
  const names = JSON.parse(element.dataset.names || "{}");
  const modeler = new Modeler({
    ...options,
    container: element.querySelector(".canvas"),
    propertiesPanel: { parent: element.querySelector(".props") },
    additionalModules: [BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, provider(groups(text, names)), translation(document.documentElement.lang)],
  });
  const canvas = modeler.get("canvas");
  const stack = modeler.get("commandStack");
  const file = { original: "", isSaved: false };
  const isDirty = () => stack.canUndo();
  // An unedited diagram goes back byte for byte: writing it anew would reformat what another tool made.
  const current = async () => (isDirty() ? (await modeler.saveXML({ format: true })).xml : file.original);
  const show = findingsList(modeler, document.getElementById("findings"), text);
  const send = async (url) => {
    const body = new FormData(form);
    body.set("xml", new Blob([await current()], { type: "application/xml" }), "process.bpmn");
    return fetch(url, { method: "POST", body, headers: { "X-CSRF-Token": csrf(), Accept: "application/json" } });
  };

  async function open(xml) {
    try {
      await modeler.importXML(xml);
    } catch (error) {
      toast(`${text("not_bpmn")} ${error.message.slice(0, 200)}`, { bad: true });
      return;
    }
    file.original = xml;
    fit(canvas);
    buttons();
    await check();
  }

  // Only the answer to the newest question counts.
  let asked = 0;
  async function check() {
    const mine = ++asked;
    try {
      const reply = await send(element.dataset.checkUrl);
      if (mine !== asked) return;
      if (!reply.ok) throw new Error((await reply.json()).detail);
      show((await reply.json()).findings);
    } catch (error) {
      toast(error.message || text("check_failed"), { bad: true });
    }
  }

  async function take(files) {
    const aside = [...files].filter((one) => /\.(dmn|json)$/i.test(one.name));
    if (aside.length) attach(form, aside);
    const diagram = [...files].find((one) => !aside.includes(one));
    if (diagram && (!isDirty() || confirm(text("replace")))) await open(await diagram.text());
    else if (aside.length) await check();
  }

  const bind = (name, action) => form.querySelector(`[data-${name}]`)?.addEventListener("click", action);
  const buttons = () => {
    form.querySelector("[data-dirty]").hidden = !isDirty();
    for (const [name, may] of [["undo", stack.canUndo()], ["redo", stack.canRedo()]]) {
      const button = form.querySelector(`[data-${name}]`);
      if (button) button.disabled = !may;
    }
  };
  let timer;
  modeler.on("commandStack.changed", () => {
    buttons();
    clearTimeout(timer);
    timer = setTimeout(check, 1200);
  });
  bind("undo", () => stack.undo());
  bind("redo", () => stack.redo());
  bind("zoom", () => fit(canvas));
  bind("export", async () => download(await current(), `${form.elements.namedItem("key")?.value || "process"}.bpmn`));
  element.querySelector(".canvas").append(tools(canvas, text, { whole: () => fit(canvas) }));
  form.querySelector("[data-open]")?.addEventListener("change", ({ target }) => take(target.files).finally(() => { target.value = ""; }));
  form.querySelector("[name=files]")?.addEventListener("change", check);
  for (const kind of ["dragover", "dragleave", "drop"]) {
    element.addEventListener(kind, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      element.classList.toggle("drop", kind === "dragover");
      if (kind === "drop") take(event.dataTransfer.files);
    });
  }
  addEventListener("beforeunload", (event) => {
    if (element.isConnected && isDirty() && !file.isSaved) event.preventDefault();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const reply = await send(form.action);
    const answer = await reply.json();
    if (!reply.ok) {
      toast(answer.errors?.map(({ message }) => message).join(" ") || answer.detail || text("failed"), { bad: true });
      return;
    }
    file.isSaved = true;
    location.assign(answer.location);
  });
  await open(await (await fetch(element.dataset.xmlUrl)).text());
}

// The whole drawing, beside the palette and not behind it.
function fit(canvas) {
  canvas.zoom("fit-viewport", "auto");
  const { inner, outer } = canvas.viewbox();
  const palette = canvas.getContainer().querySelector(".djs-palette");
  const taken = palette ? palette.offsetLeft + palette.offsetWidth + 16 : 0;
  if (!inner.width || outer.width < 3 * taken) return;
  const scale = Math.min(1, (outer.width - taken - 24) / inner.width, (outer.height - 48) / inner.height);
  const width = outer.width / scale;
  const height = outer.height / scale;
  const free = (outer.width - taken - 24) / scale - inner.width;
  canvas.viewbox({ x: inner.x - taken / scale - free / 2, y: inner.y + inner.height / 2 - height / 2, width, height });
}

function download(xml, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([xml], { type: "application/xml" })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}

// Tables and forms that were dropped join those chosen by hand.
function attach(form, added) {
  const input = form.querySelector("[name=files]");
  if (!input) return;
  const all = new DataTransfer();
  for (const one of [...input.files, ...added]) all.items.add(one);
  input.files = all.files;
}
