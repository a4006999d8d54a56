// Wheel, pointer, touch and keys.

/** Pixels a pointer may stray and still have clicked. */
const CLICK = 5;
/** Pixels around a bar that count as on it: more for a finger. */
const reach = (event) => (event.pointerType === "touch" ? 14 : 4);

/** The call at a place of the canvas, the nearest within reach. */
function callAt(x, y, slack) {
  if (x < size.gutter || y < size.head) return NONE;
  const lane = lanes[Math.floor((y - size.head + view.top) / size.row)];
  if (!lane) return NONE;
  const after = firstWhere(lane.rows, (row) => ops.begin[row] > toTime(x));
  let best = NONE, nearest = slack + 1e-9;
  for (let at = Math.max(0, after - 2); at < Math.min(lane.rows.length, after + 2); at++) {
    const row = lane.rows[at];
    const room = at + 1 < lane.rows.length ? toX(ops.begin[lane.rows[at + 1]]) : Infinity;
    const [left, right] = extent(row, room);
    const distance = Math.max(left - x, x - right, 0);
    // Of bars as near, one that is part of the evidence.
    if (distance < nearest || (distance === nearest && failuresOf.has(row))) {
      [best, nearest] = [row, distance];
    }
  }
  return best;
}

const pointers = new Map();
let travelled = 0;

canvas.addEventListener("pointerdown", (event) => {
  pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
  if (pointers.size === 1) travelled = 0;
  canvas.setPointerCapture(event.pointerId);
});

canvas.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  const now = [event.offsetX, event.offsetY];
  if (!before) return hover(event, now);
  if (pointers.size === 2) {
    pinch(event.pointerId, now);
  } else {
    travelled += Math.abs(now[0] - before[0]) + Math.abs(now[1] - before[1]);
    if (travelled > CLICK) drag(before, now);
  }
  pointers.set(event.pointerId, now);
});

function hover(event, [x, y]) {
  const row = callAt(x, y, reach(event));
  canvas.classList.toggle("on", row !== NONE);
  if (row === view.hover) return;
  view.hover = row;
  showCard(x);
  changed();
}

function drag(before, now) {
  canvas.classList.add("dragged");
  const moved = ((now[0] - before[0]) / (size.width - size.gutter)) * span();
  look(view.begin - moved, view.end - moved);
  scroll(before[1] - now[1]);
}

/** Two fingers: what is under each stays under it. */
function pinch(id, now) {
  const [other] = [...pointers].filter(([key]) => key !== id).map(([, place]) => place);
  const before = pointers.get(id);
  const apart = (place) => Math.max(Math.hypot(place[0] - other[0], place[1] - other[1]), 20);
  travelled = Infinity;
  const middle = (before[0] + other[0]) / 2;
  zoom(apart(before) / apart(now), toTime(middle));
  const moved = ((now[0] - before[0]) / 2 / (size.width - size.gutter)) * span();
  look(view.begin - moved, view.end - moved);
}

function lift(event) {
  const place = pointers.get(event.pointerId);
  pointers.delete(event.pointerId);
  canvas.classList.remove("dragged");
  if (!place || travelled > CLICK || event.type !== "pointerup") return;
  view.selected = callAt(place[0], place[1], reach(event));
  view.hover = NONE;
  showCard(place[0]);
  changed();
}
canvas.addEventListener("pointerup", lift);
canvas.addEventListener("pointercancel", lift);
canvas.addEventListener("pointerleave", () => {
  view.hover = NONE;
  showCard();
  changed();
});

canvas.addEventListener("wheel", (event) => {
  const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
  const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    pan((sideways * lines) / size.width);
    event.preventDefault();
  } else if (zoom(Math.exp(event.deltaY * lines * 0.002), toTime(event.offsetX))) {
    // At the limits the wheel is the page's again.
    event.preventDefault();
  }
}, { passive: false });

/** The next call of the lane, or the nearest of the lane so many below. */
function step(along, down) {
  const from = view.selected;
  if (from === NONE) {
    const [first, last] = lanesInSight();
    for (let lane = first; lane <= last; lane++) {
      const rows = lanes[lane].rows;
      const at = firstWhere(rows, (row) => ops.begin[row] >= view.begin);
      if (at < rows.length) return choose(rows[at]);
    }
    return;
  }
  let lane = ops.lane[from] + down;
  while (lanes[lane] && !lanes[lane].rows.length) lane += down;
  if (!lanes[lane]) return;
  const rows = lanes[lane].rows;
  const at = firstWhere(rows, (row) => ops.begin[row] >= ops.begin[from]);
  const row = down ? rows[Math.min(at, rows.length - 1)] : rows[rows.indexOf(from, at) + along];
  if (row !== undefined) choose(row);
}

const KEYS = {
  ArrowLeft: () => pan(-0.15),
  ArrowRight: () => pan(0.15),
  ArrowUp: () => scroll(-size.row * 2),
  ArrowDown: () => scroll(size.row * 2),
  "+": () => zoom(1 / 1.5, chosenMoment()),
  "=": () => zoom(1 / 1.5, chosenMoment()),
  "-": () => zoom(1.5, chosenMoment()),
  Home: () => fly(whole.begin, whole.end),
  e: () => stepFailure(1),
  E: () => stepFailure(-1),
  n: () => step(1, 0),
  p: () => step(-1, 0),
  j: () => step(0, 1),
  k: () => step(0, -1),
  Escape: () => { view.selected = NONE; view.failure = null; tellFailure(); },
};

/** The chosen call keeps its place while zooming, if it is in sight. */
function chosenMoment() {
  const at = view.selected === NONE ? NaN : ops.begin[view.selected];
  return at >= view.begin && at <= view.end ? at : undefined;
}

canvas.addEventListener("keydown", (event) => {
  const act = KEYS[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  view.hover = NONE;
  act();
  showCard();
  changed();
});

function toOverviewTime(event) {
  return whole.begin + (event.offsetX / strip.width) * (whole.end - whole.begin);
}
for (const type of ["pointerdown", "pointermove"]) {
  overview.addEventListener(type, (event) => {
    if (!event.buttons) return;
    overview.setPointerCapture(event.pointerId);
    const at = toOverviewTime(event);
    look(at - span() / 2, at + span() / 2);
    showCard();
  });
}

