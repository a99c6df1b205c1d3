// The slider under the diagram: draws the process as it was at any step, by mouse, by arrow keys, or one step at a time.
// At its right end it is live again.
import { say } from "./screen.js";
import { text } from "./text.js";

const PAUSE = 80;
const exact = () => new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "medium" });

export async function mountMoments(root) {
  const bar = root.querySelector("[data-moments]:not([data-mounted])");
  if (!bar) return;
  bar.dataset.mounted = "";
  const reply = await fetch(bar.dataset.moments).catch(() => undefined);
  const steps = reply?.ok ? await reply.json() : [];
  if (steps.length) run(bar, steps);
}

function run(bar, steps) {
  const slider = bar.querySelector("input");
  const diagram = bar.closest(".pad").querySelector(".diagram");
  const live = diagram.dataset.stateUrl;
  const said = bar.querySelector("output");
  const past = bar.parentElement.querySelector("[data-past]");
  const now = bar.parentElement.querySelector("[data-now]");
  let turn = 0;
  let waiting;
  slider.max = steps.length;
  slider.value = steps.length;
  bar.hidden = false;

  function words(at) {
    const step = steps[at];
    if (!step) return text("moment_live");
    const name = (document.documentElement.lang.startsWith("zh") && step.zh) || step.name;
    return [exact().format(new Date(step.at)), step.order, name].filter(Boolean).join(" · ");
  }

  async function look() {
    const at = Number(slider.value);
    const step = steps[at];
    const mine = ++turn;
    diagram.dataset.stateUrl = step ? `${live}&at=${encodeURIComponent(step.at)}` : live;
    diagram.dispatchEvent(new CustomEvent("rb:look"));
    past.hidden = !step;
    now.hidden = Boolean(step);
    if (!step) return;
    const reply = await fetch(`${bar.dataset.moment}?at=${encodeURIComponent(step.at)}`, { headers: { "HX-Request": "true" } }).catch(() => undefined);
    if (mine === turn && reply?.ok) past.innerHTML = await reply.text();
  }

  function show() {
    const sentence = words(Number(slider.value));
    said.textContent = sentence;
    slider.setAttribute("aria-valuetext", sentence);
    bar.classList.toggle("past", Number(slider.value) < steps.length);
    clearTimeout(waiting);
    waiting = setTimeout(look, PAUSE);
  }

  slider.addEventListener("input", show);
  bar.addEventListener("click", (event) => {
    const by = { first: -Infinity, back: -1, on: 1, live: Infinity }[event.target.closest("button")?.dataset.step];
    if (by === undefined) return;
    slider.value = Math.min(Math.max(Number(slider.value) + by, 0), steps.length);
    show();
    say(said.textContent);
  });
  said.textContent = words(steps.length);
  slider.setAttribute("aria-valuetext", said.textContent);

  // What happens meanwhile comes to the end of the slider; who looks at the past is left there.
  const refresh = diagram.dataset.refresh;
  const more = async () => {
    if (!bar.isConnected) {
      document.body.removeEventListener(refresh, more);
      return;
    }
    const reply = await fetch(bar.dataset.moments).catch(() => undefined);
    if (!reply?.ok) return;
    const isLive = Number(slider.value) === steps.length;
    steps.splice(0, steps.length, ...(await reply.json()));
    slider.max = steps.length;
    if (isLive) slider.value = steps.length;
  };
  document.body.addEventListener(refresh, more);
}
