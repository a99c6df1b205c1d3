// The desk: htmx with our rules, and what makes the pages quick to work with. Every page works without it.
import "../css/desk.css";
import "./requests.js";
import "./customer.js";
import "./dialogs.js";
import "./completing.js";
import "./canned.js";
import "./copying.js";
import "./drafts.js";
import "./uploads.js";
import "./fields.js";
import "./keyboard.js";
import "./news.js";
import "./palette.js";
import { drawTicks } from "./chat.js";
import { mountIslands } from "./islands.js";
import { mountMoments } from "./moments.js";
import { prepareFields } from "./fields.js";
import { prepareDrafts } from "./drafts.js";
import { showTimes } from "./times.js";
import { countDown, prepareComposer } from "./timeline.js";
import { openStream } from "./stream.js";
import { markPlace, toEnd } from "./place.js";
import { markTabs } from "./tabs.js";
import { toPart } from "./navigate.js";
import { preparePermission } from "./bell.js";
import { preparePresence } from "./presence.js";

function prepare(root) {
  showTimes(root);
  prepareFields(root);
  prepareDrafts();
  prepareComposer();
  countDown(root);
  mountIslands(root);
  mountMoments(root);
  preparePermission(root);
  preparePresence();
  drawTicks();
}

document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt === document.body) return;
  prepare(event.detail.elt.parentElement ?? event.detail.elt);
  markPlace();
  markTabs();
});
document.addEventListener("rb:place", () => {
  markPlace();
  markTabs();
});

document.addEventListener("DOMContentLoaded", () => {
  prepare(document);
  markPlace();
  markTabs();
  toEnd(document);
  toPart();
  const url = document.body.dataset.streamUrl;
  if (url) openStream(url);
  document.documentElement.dataset.ready = "";
});
