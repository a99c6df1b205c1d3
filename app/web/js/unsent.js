// What was typed last stays in this tab until the server has it: a page that is loaded anew within two seconds shows it.
const PREFIX = "ringback-unsent-";
const UNHEARD = 5;
const keyOf = (form) => PREFIX + form.dataset.unsent;
const area = (form) => form.querySelector("textarea");
const version = (form) => form.querySelector("[name=draft_version]").value;

function stored(form) {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(form)));
  } catch {
    return null;
  }
}

// `marks` name the saves whose answers were not heard: the server may have them.
export function keepUnsent(form, marks = stored(form)?.marks ?? []) {
  const kind = new FormData(form).get("kind");
  const words = { text: area(form).value, kind, version: version(form), marks };
  try {
    sessionStorage.setItem(keyOf(form), JSON.stringify(words));
  } catch { /* a full or forbidden store: the server still has the draft */ }
}

export const forgetUnsent = (form) => sessionStorage.removeItem(keyOf(form));
export const unheard = (form) => stored(form)?.marks ?? [];

// Before a save goes: its mark, and those of earlier ones that were not heard of.
export function beginSave(form) {
  const mark = Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(36)).join("");
  const before = unheard(form);
  keepUnsent(form, [...before, mark].slice(-UNHEARD));
  return { mark, after: before.join(",") };
}

// The server has this text; what was typed since is kept on.
export function endSave(form, text) {
  if (area(form).value === text) forgetUnsent(form);
  else keepUnsent(form, []);
}

// Whether newer words than the server's were put into a composer that was just drawn.
export function restoreUnsent(form) {
  if (form.dataset.restored) return false;
  form.dataset.restored = "1";
  const kept = stored(form);
  if (!kept) return false;
  const isNext = kept.version === version(form) || kept.marks.includes(form.dataset.draftMark);
  if (!isNext || kept.text === area(form).value) {
    forgetUnsent(form);
    return false;
  }
  area(form).value = kept.text;
  const kind = form.querySelector(`[name=kind][value="${kept.kind}"]`);
  if (kind) kind.checked = true;
  keepUnsent(form, kept.marks);
  return true;
}
