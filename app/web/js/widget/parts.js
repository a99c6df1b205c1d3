// Small makers of elements. Nothing is ever set as HTML: what people write stays text.
const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  chat: "M4 11.500C4 7.900 7.600 5 12 5s8 2.900 8 6.500S16.400 18 12 18c-1 0-2-.2-2.900-.4L5 19l1-3.200c-1.300-1.100-2-2.600-2-4.300z",
  close: "M6 6l12 12M18 6L6 18", send: "M4 12l16-7-6 15-3-6z", attach: "M8 12l6-6a3 3 0 0 1 4.500 4.500l-8 8a5 5 0 0 1-7-7l8-8",
  smile: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.500 10h.01M15.500 10h.01M8 14c1 2 2.500 3 4 3s3-1 4-3", leave: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
};

export function make(tag, { on = {}, data = {}, ...values } = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(values)) {
    if (value === false || value === undefined) continue;
    if (name in element && name !== "list" && name !== "role") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  Object.assign(element.dataset, data);
  for (const [name, heard] of Object.entries(on)) element.addEventListener(name, heard);
  element.append(...inside.filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

export function icon(name) {
  const drawn = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", width: "20", height: "20", fill: "none", stroke: "currentColor", "stroke-width": "1.8", "stroke-linejoin": "round", "stroke-linecap": "round", "aria-hidden": "true" })) drawn.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  drawn.append(path);
  return drawn;
}

// Addresses in a text become links that tell the other side nothing.
export function linked(text) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(/https?:\/\/[^\s<>"'，。）]+/g)) {
    parts.push(text.slice(from, found.index), make("a", { href: found[0], target: "_blank", rel: "noopener noreferrer" }, found[0]));
    from = found.index + found[0].length;
  }
  return [...parts, text.slice(from)];
}

// Black or white, whichever can be read on a colour.
export function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}
