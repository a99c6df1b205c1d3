// What every part needs of the page: the form token, a toast, a word for screen readers.
export const csrf = () => document.querySelector("meta[name=csrf]")?.content ?? "";

export function say(words) {
  const place = document.getElementById("announce");
  if (place) place.textContent = words;
}

// htmx calls an answer that leads elsewhere neither a success nor a failure: the status says what it was.
export const wasTaken = ({ xhr }) => xhr?.status >= 200 && xhr.status < 400;

// A sentence that is on screen already is not shown twice.
export function toast(words, { bad = false, href = "" } = {}) {
  const box = document.getElementById("toasts");
  if (!box || [...box.children].some((shown) => shown.textContent === words)) return;
  const item = document.createElement(href ? "a" : "div");
  item.className = bad ? "toast bad" : "toast";
  item.textContent = words;
  if (href.startsWith("/") && !href.startsWith("//")) item.href = href;
  box.append(item);
  setTimeout(() => item.remove(), bad ? 9000 : 5000);
}
