// The desk: htmx with our rules, and what makes the pages quick to work with. Every page works without it.
import "../css/desk.css";
import "./requests.js";
import "./dialogs.js";
import "./drafts.js";
import "./fields.js";
import "./keyboard.js";
import "./news.js";
import "./palette.js";
import { mountIslands } from "./islands.js";
import { prepareFields } from "./fields.js";
import { prepareDrafts } from "./drafts.js";
import { showTimes } from "./times.js";
import { countDown, prepareComposer } from "./timeline.js";
import { openStream } from "./stream.js";
import { markPlace, toEnd } from "./place.js";

function prepare(root) {
  showTimes(root);
  prepareFields(root);
  prepareDrafts();
  prepareComposer();
  countDown(root);
  mountIslands(root);
}

document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt === document.body) return;
  prepare(event.detail.elt.parentElement ?? event.detail.elt);
  markPlace();
});

document.addEventListener("DOMContentLoaded", () => {
  prepare(document);
  markPlace();
  toEnd(document);
  const url = document.body.dataset.streamUrl;
  if (url) openStream(url);
  document.documentElement.dataset.ready = "";
});
