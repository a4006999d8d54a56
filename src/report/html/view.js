// The view: which stretch of time and which lanes are to be seen, and how it moves.

/** Shortest stretch that can be seen: nanoseconds, or operations. */
const SPAN_MIN = data.timed ? 200 : 4;
/** Milliseconds a jump takes. */
const JUMP_MS = 220;

const still = matchMedia("(prefers-reduced-motion: reduce)");

const whole = (() => {
  const pad = Math.max(data.end * 0.01, SPAN_MIN / 4);
  return { begin: -pad, end: data.end + pad };
})();

const view = {
  begin: whole.begin,
  end: whole.end,
  /** Pixels of lanes above the upper edge. */
  top: 0,
  /** Row under the pointer or chosen by a key. */
  hover: NONE,
  selected: NONE,
  /** The failure looked at. */
  failure: null,
  /** Text of the only key shown. */
  key: NONE,
};

let pending = 0;

/** Draws soon, once. */
function changed() {
  pending ||= requestAnimationFrame(() => {
    pending = 0;
    draw();
    drawOverview();
  });
}

function limited(begin, end) {
  const widest = whole.end - whole.begin;
  const span = Math.min(Math.max(end - begin, Math.min(SPAN_MIN, widest)), widest);
  const middle = (begin + end) / 2;
  const from = Math.min(Math.max(middle - span / 2, whole.begin), whole.end - span);
  return [from, from + span];
}

let flight = 0;

/** Looks at this stretch at once. */
function look(begin, end) {
  flight++;
  [view.begin, view.end] = limited(begin, end);
  changed();
}

/** Goes to a stretch, in a moment's flight where motion is welcome. */
function fly(begin, end) {
  if (still.matches || document.hidden) return look(begin, end);
  const [from, to] = [[view.begin, view.end], limited(begin, end)];
  const mine = ++flight;
  const start = performance.now();
  const step = (now) => {
    if (flight !== mine) return;
    const part = Math.min(1, Math.max(0, (now - start) / JUMP_MS));
    const eased = 1 - (1 - part) ** 3;
    view.begin = from[0] + (to[0] - from[0]) * eased;
    view.end = from[1] + (to[1] - from[1]) * eased;
    changed();
    if (part < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

const span = () => view.end - view.begin;

/** Moves by a part of what is seen. */
const pan = (part) => look(view.begin + span() * part, view.end + span() * part);

/** Zooms so that what is at `at` stays where it is. False at the limits. */
function zoom(factor, at = (view.begin + view.end) / 2) {
  const before = span();
  look(at - (at - view.begin) * factor, at + (view.end - at) * factor);
  return Math.abs(span() - before) > before * 1e-6;
}

/** Scrolls the lanes. */
function scroll(pixels) {
  view.top = Math.min(Math.max(view.top + pixels, 0), Math.max(0, size.lanes - size.room));
  changed();
}

/** Scrolls so that the lane is to be seen. */
function reveal(lane) {
  const upper = lane * size.row;
  if (upper < view.top) scroll(upper - view.top);
  if (upper + size.row > view.top + size.room) {
    scroll(upper + size.row - view.top - size.room);
  }
}

/** Brings a call into sight and makes it the chosen one. */
function choose(row) {
  view.selected = row;
  reveal(ops.lane[row]);
  const length = Math.max(ops.end[row] - ops.begin[row], SPAN_MIN);
  const hidden = ops.end[row] < view.begin || ops.begin[row] > view.end;
  const tiny = length < span() / 200;
  if (hidden || tiny) {
    const half = Math.min(span(), length * 40) / 2;
    const middle = ops.begin[row] + Math.min(length, half) / 2;
    fly(middle - half, middle + half);
  }
  changed();
}

/** Shows a failure: all of its calls, and some of what was around them. */
function showFailure(failure) {
  view.failure = failure;
  view.selected = failure.about ?? NONE;
  const key = ops.key[failure.ops[0]];
  if (view.key !== NONE && view.key !== key) filterBy(NONE);
  const pad = Math.max((failure.end - failure.begin) * 0.25, SPAN_MIN);
  reveal(ops.lane[failure.about ?? failure.ops[0]]);
  fly(failure.begin - pad, failure.end + pad);
}

/** Shows the calls of one key only, or of all. */
function filterBy(key) {
  view.key = key;
  for (const lane of lanes) {
    lane.rows = key === NONE ? lane.all : lane.all.filter((row) => ops.key[row] === key);
  }
  view.hover = NONE;
  if (view.selected !== NONE && key !== NONE && ops.key[view.selected] !== key) {
    view.selected = NONE;
  }
  document.dispatchEvent(new Event("filtered"));
  changed();
}

