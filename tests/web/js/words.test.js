import assert from "node:assert/strict";
import { test } from "node:test";
import { spent } from "../../../app/web/js/spans.js";
import { fill } from "../../../app/web/js/text.js";

const text = (unit, { num }) => `${num} ${unit.slice(5)}`;

test("gaps are filled, unknown ones stay", () => {
  assert.equal(fill("{name}: {percent} %", { name: "a.png", percent: 0 }), "a.png: 0 %");
  assert.equal(fill("{other}", {}), "{other}");
});

test("time spent is said in its largest unit", () => {
  assert.deepEqual([0, 0.4, 5, 90, 5400, 86400 * 12].map((seconds) => spent(seconds, text)), ["", "", "5 s", "2 min", "1.5 h", "12 d"]);
});
