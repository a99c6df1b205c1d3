// The process as a picture: where the tokens are now, how often each step was visited, how long it took.
// The list beside it, drawn by the server, says the same in words.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import Viewer from "bpmn-js/lib/Viewer";
import { badge, nameIn, options, tools } from "./drawing.js";
import { report as marked } from "./reported.js";
import { spent } from "./spans.js";

const READABLE = 0.5;

export async function mount(element, { text }) {
  const isMini = "mini" in element.dataset;
  const instead = element.querySelector("a");
  const viewer = new (isMini ? Viewer : NavigatedViewer)({ ...options });
  viewer.on("import.parse.complete", ({ elementsById }) => elementsById && nameIn(document.documentElement.lang, elementsById));
  const reply = await fetch(element.dataset.xmlUrl);
  try {
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    await viewer.importXML(await reply.text());
  } catch {
    element.replaceChildren(instead ?? badge("blank", text("no_diagram")));
    return;
  }
  if (!element.isConnected) return;
  element.replaceChildren();
  viewer.attachTo(element);
  const canvas = viewer.get("canvas");
  element.setAttribute("role", "group");
  if (!isMini) element.append(tools(canvas, text));
  const report = isMini ? null : document.querySelector("[data-findings]");
  if (report) marked(viewer, report);
  const show = (state) => draw(viewer, state, { isMini, text, element });
  let turn = 0;
  const refresh = async () => {
    if (!element.isConnected) document.body.removeEventListener(element.dataset.refresh, refresh);
    else if (element.dataset.stateUrl) {
      const mine = ++turn; // an answer that was overtaken draws nothing
      await fetchState(element.dataset.stateUrl, (state) => mine === turn && show(state));
    }
  };
  // A slider over the history draws the state of another moment by this event, also while the first state is under way.
  element.addEventListener("rb:look", refresh);
  await refresh();
  whenSized(element, () => {
    canvas.resized();
    canvas.zoom("fit-viewport", "auto");
    if (isMini) lookAtTokens(viewer);
  });
  if (element.dataset.refresh) document.body.addEventListener(element.dataset.refresh, refresh);
  element.addEventListener("rb:state", (event) => show(event.detail));
}

// A frame that is not on screen has no size to fit a diagram into: wait until it has one.
function whenSized(element, action) {
  const watch = new ResizeObserver(([{ contentRect }]) => {
    if (!contentRect.width || !contentRect.height) return;
    watch.disconnect();
    action();
  });
  watch.observe(element);
}

async function fetchState(url, show) {
  const reply = await fetch(url, { headers: { Accept: "application/json" } });
  if (reply.ok) show(await reply.json());
}

const MARKS = ["rb-live", "rb-bad", "rb-taken"];

function draw(viewer, { elements }, { isMini, text, element }) {
  const canvas = viewer.get("canvas");
  const known = viewer.get("elementRegistry");
  viewer.get("overlays").clear();
  for (const shape of known.getAll()) for (const mark of MARKS) canvas.removeMarker(shape, mark);
  const said = [];
  for (const state of elements) {
    const shape = known.get(state.id);
    if (shape?.waypoints) {
      if (state.visits) canvas.addMarker(shape, "rb-taken");
    } else if (shape && !isContainer(shape)) said.push(...drawShape(viewer, shape, state, { isMini, text }));
  }
  element.setAttribute("aria-label", said.join("; ") || text("process"));
}

// A token in an open sub-process stands on one of its steps too, and that is where it is shown.
const isContainer = (shape) => (shape.children ?? []).length > 0;

// Returns what a screen reader is told about this element.
function drawShape(viewer, shape, state, { isMini, text }) {
  const overlays = viewer.get("overlays");
  const canvas = viewer.get("canvas");
  const name = shape.businessObject.name || state.id;
  const said = [];
  if (state.tokens) {
    canvas.addMarker(shape, "rb-live");
    overlays.add(shape, { position: { top: -10, right: 12 }, html: badge("rb-token", state.tokens) });
    said.push(text("tokens", { name, count: state.tokens }));
  }
  if (state.faults) {
    canvas.addMarker(shape, "rb-bad");
    overlays.add(shape, { position: { top: -10, left: -6 }, html: badge("rb-fault", "!") });
    said.push(text("faults", { name }));
  }
  if (!isMini && state.visits && shape.width > 60) {
    const words = [text("visited", { count: state.visits }), spent(state.seconds, text)].filter(Boolean).join(" · ");
    overlays.add(shape, { position: { bottom: -3, left: 4 }, html: badge("rb-spent", words) });
  }
  return said;
}

// A whole process in a small frame cannot be read: show the place where it stands instead.
function lookAtTokens(viewer) {
  const canvas = viewer.get("canvas");
  if (canvas.zoom() >= READABLE) return;
  const live = viewer.get("elementRegistry").find((shape) => canvas.hasMarker(shape, "rb-bad") || canvas.hasMarker(shape, "rb-live"));
  if (!live) return;
  canvas.zoom(0.62);
  const size = canvas.getSize();
  const scale = canvas.zoom();
  canvas.viewbox({
    x: live.x + live.width / 2 - size.width / scale / 2, y: live.y + live.height / 2 - size.height / scale / 2,
    width: size.width / scale, height: size.height / scale,
  });
}
