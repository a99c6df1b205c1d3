// Words of the scripts, given by the server in the viewer's language. `{name}` is filled in from the second argument.
let words;

export function text(key, values) {
  words ??= JSON.parse(document.getElementById("i18n")?.textContent ?? "{}");
  const found = words[key] ?? key;
  return values ? fill(found, values) : found;
}

export const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (gap, name) => String(values[name] ?? gap));
