// Islands: parts of a page with scripts of their own, loaded when the page has one.
import { csrf, toast } from "./screen.js";
import { text } from "./text.js";

const SCRIPTS = { "process-viewer": "viewer", "process-modeler": "modeler" };

export function mountIslands(root) {
  for (const element of root.querySelectorAll("[data-island]:not([data-mounted])")) {
    element.dataset.mounted = "";
    mount(element);
  }
}

async function mount(element) {
  const name = SCRIPTS[element.dataset.island];
  const built = text("assets");
  if (!name || !built[`${name}.js`]) return;
  const style = built[`${name}.css`];
  if (style && !document.querySelector(`link[href="${style}"]`)) {
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: style }));
  }
  try {
    const island = await import(built[`${name}.js`]);
    await island.mount(element, { text, csrf, toast });
  } catch (error) {
    toast(text("failed"), { bad: true });
    throw error;
  }
}
