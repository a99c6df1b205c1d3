// Words of the scripts, given by the server in the viewer's language.
let words;
export function text(key) {
  words ??= JSON.parse(document.getElementById("i18n").textContent);
  return words[key] ?? key;
}
