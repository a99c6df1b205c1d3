// What the palette finds: entries that contain every typed word, in any order.
const SHOWN = 12;

export function matching(list, typed) {
  const parts = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return list.filter(({ words }) => parts.every((part) => words.toLowerCase().includes(part))).slice(0, SHOWN);
}
