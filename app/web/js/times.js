// Times as people say them, in their own zone; the exact one is in the title.
import { text } from "./text.js";

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

export function ago(at, now, language) {
  const seconds = (at - now) / 1000;
  if (Math.abs(seconds) < 45) return text("now");
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["minute", 60];
  const count = Math.sign(seconds) * Math.max(1, Math.round(Math.abs(seconds) / size));
  return new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "narrow" }).format(count, unit);
}

export function showTimes(root) {
  const language = document.documentElement.lang;
  const exact = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  const clock = new Intl.DateTimeFormat(language, { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  for (const item of root.querySelectorAll("time[data-ago], time[data-clock]")) {
    const at = new Date(item.dateTime);
    item.title = exact.format(at);
    item.textContent = "ago" in item.dataset ? ago(at, Date.now(), language) : clock.format(at);
  }
}
setInterval(() => showTimes(document), 30_000);
