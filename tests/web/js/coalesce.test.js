import assert from "node:assert/strict";
import { test } from "node:test";
import { coalesce, once, whenSeen } from "../../../app/web/js/coalesce.js";

// A clock that is wound by hand.
function clock() {
  const due = [];
  let now = 0;
  return {
    now: () => now,
    later: (action, wait) => due.push({ at: now + wait, action }),
    wind(milliseconds) {
      now += milliseconds;
      for (const item of due.splice(0).sort((one, other) => one.at - other.at)) {
        if (item.at <= now) item.action();
        else due.push(item);
      }
    },
  };
}

test("a burst of news asks once, the next burst not before the gap", () => {
  const time = clock();
  let asked = 0;
  const hear = coalesce(() => { asked += 1; }, { gap: 2000, jitter: 0, now: time.now, later: time.later });
  for (let i = 0; i < 50; i += 1) hear();
  time.wind(0);
  assert.equal(asked, 1);
  hear();
  time.wind(1999);
  assert.equal(asked, 1);
  time.wind(1);
  assert.equal(asked, 2);
});

test("jitter spreads the screens", () => {
  const waits = [];
  for (const share of [0, 0.5, 0.999]) {
    coalesce(() => {}, { gap: 2000, jitter: 500, now: () => 0, later: (_, wait) => waits.push(wait), random: () => share })();
  }
  assert.deepEqual(waits.map(Math.round), [0, 250, 500]);
});

test("an event that comes twice acts once, and memory has an end", () => {
  const isNew = once(3);
  assert.deepEqual(["1", "2", "1"].map(isNew), [true, true, false]);
  ["3", "4", "5"].forEach(isNew);
  assert.equal(isNew("1"), true);
  assert.equal(isNew("5"), false);
});

test("a hidden screen asks for nothing, and once when it is seen again", () => {
  const fired = [];
  let hidden = true;
  const seen = whenSeen((name) => fired.push(name), () => hidden);
  seen.tell("rb:list");
  seen.tell("rb:list");
  seen.tell("rb:case-1");
  assert.deepEqual(fired, []);
  hidden = false;
  seen.catchUp();
  seen.catchUp();
  assert.deepEqual(fired, ["rb:list", "rb:case-1"]);
});
