// Lengths of time on a diagram: short, in the largest unit that says it.
const STEPS = [[86400, "unit_d"], [3600, "unit_h"], [60, "unit_min"]];

export function spent(seconds, text) {
  if (!seconds || seconds < 1) return "";
  const [size, unit] = STEPS.find(([length]) => seconds >= length) ?? [1, "unit_s"];
  const count = seconds / size;
  return text(unit, { num: count < 10 && size >= 3600 ? Number(count.toFixed(1)) : Math.round(count) });
}
