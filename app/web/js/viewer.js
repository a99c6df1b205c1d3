// The process as a picture: where the tokens are now, how often each step was visited, how long it took.
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";

export async function mount(element, { text }) {
  const xml = await (await fetch(element.dataset.xmlUrl)).text();
  const link = element.querySelector("a");
  element.replaceChildren();
  const viewer = new NavigatedViewer({ container: element });
  try {
    await viewer.importXML(xml);
  } catch {
    element.replaceChildren(link ?? text("no_diagram"));
    return;
  }
  viewer.get("canvas").zoom("fit-viewport", "auto");
  const draw = () => drawState(viewer, element);
  await draw();
  if (element.dataset.refresh) document.body.addEventListener(element.dataset.refresh, draw);
}

async function drawState(viewer, element) {
  if (!element.dataset.stateUrl || !element.isConnected) return;
  const reply = await fetch(element.dataset.stateUrl, { headers: { Accept: "application/json" } });
  if (!reply.ok) return;
  const { elements } = await reply.json();
  const overlays = viewer.get("overlays");
  const canvas = viewer.get("canvas");
  const known = viewer.get("elementRegistry");
  overlays.clear();
  for (const shape of known.getAll()) { canvas.removeMarker(shape, "rb-live"); canvas.removeMarker(shape, "rb-bad"); }
  for (const state of elements) {
    const shape = known.get(state.id);
    if (!shape || shape.waypoints) continue;
    if (state.tokens) {
      canvas.addMarker(shape, "rb-live");
      overlays.add(shape, { position: { top: -10, right: 12 }, html: badge("rb-token", state.tokens) });
    }
    if (state.faults) {
      canvas.addMarker(shape, "rb-bad");
      overlays.add(shape, { position: { top: -10, left: -6 }, html: badge("rb-fault", "!") });
    }
    if (!("mini" in element.dataset) && state.visits && shape.width > 60) {
      overlays.add(shape, { position: { bottom: 14, left: 4 }, html: badge("rb-spent", `${state.visits}× · ${spent(state.seconds)}`) });
    }
  }
}

function badge(name, words) {
  const item = document.createElement("div");
  item.className = name;
  item.textContent = words;
  return item;
}

function spent(seconds) {
  if (seconds < 1) return "<1 s";
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return seconds < 86400 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86400).toFixed(1)} d`;
}
