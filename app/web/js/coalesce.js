// How often open screens ask: the arithmetic behind the live stream, free of the page so that it can be tested.

// At most one call in `gap` milliseconds, with jitter, so that 300 open screens do not ask at the same instant.
export function coalesce(action, { gap = 2000, jitter = 500, now = () => performance.now(), later = setTimeout, random = Math.random } = {}) {
  let last = -Infinity;
  let waiting = false;
  return () => {
    if (waiting) return;
    const wait = Math.max(0, last + gap - now()) + random() * jitter;
    waiting = true;
    later(() => {
      waiting = false;
      last = now();
      action();
    }, wait);
  };
}

// Remembers the numbers of events that were seen, so that one that comes twice acts once.
export function once(limit = 2000) {
  const seen = new Set();
  return (id) => {
    if (seen.has(id)) return false;
    seen.add(id);
    if (seen.size > limit) seen.delete(seen.values().next().value);
    return true;
  };
}

// A screen that nobody looks at asks for nothing; what changed meanwhile is asked for once when it is looked at again.
export function whenSeen(fire, isHidden) {
  const missed = new Set();
  return {
    tell: (name) => (isHidden() ? missed.add(name) : fire(name)),
    catchUp: () => {
      for (const name of missed) fire(name);
      missed.clear();
    },
  };
}
