// Draws what the view shows. The cost is that of the pixels, not of the history: in a lane at most
// one bar is drawn for each pixel column, and the next one is found by bisection.

const canvas = document.getElementById("lanes");
const pen = canvas.getContext("2d");

/** Longest fade of a call without an end, in pixels. */
const FADE = 40;
const FONT = '12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif';
const AXIS = 20, STRIP = 18;
/** Points and the line between them are drawn up to this many. */
const POINTS_MAX = 2000;

/** Pixels of the parts of the picture; `fit` measures them. */
const size = { width: 0, height: 0, gutter: 0, head: 0, row: 0, lanes: 0, room: 0, strips: [] };
let colour = {};

/** Reads the colours from the style sheet: they change with the time of day. */
function readColours() {
  const style = getComputedStyle(document.documentElement);
  const named = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ["paper", "panel", "ink", "soft", "line", "stripe", "ok", "ok-ink", "ok-edge",
    "fail", "fail-ink", "fail-edge", "info", "info-ink", "info-edge", "error", "error-fill",
    "error-ink", "point", "focus", "hatch", "phase"];
  colour = Object.fromEntries(names.map((name) => [name, named(name)]));
  colour.faults = [0, 1, 2, 3, 4].map((n) => named(`fault-${n}`));
}

const families = [...new Set(data.faults.map((fault) => fault.family))];
const faultColour = (fault) => colour.faults[families.indexOf(fault.family) % 5];

/** Faults that overlap get strips of their own, up to a limit. */
const STRIPS_MAX = 6;
const stripOf = (() => {
  const ends = [];
  return data.faults.map((fault) => {
    let strip = ends.findIndex((end) => end <= fault.begin);
    if (strip < 0) strip = Math.min(ends.length, STRIPS_MAX - 1);
    ends[strip] = Math.max(fault.end, ends[strip] ?? 0);
    return strip;
  });
})();

/** Makes a canvas as sharp as the screen and returns its size in CSS pixels. */
function sharpen(canvas, pen, height) {
  if (height) canvas.style.height = `${height}px`;
  const ratio = devicePixelRatio || 1;
  const [width, tall] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(tall * ratio);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return [width, tall];
}

/** Measures the picture anew: the window, its fonts or its colours changed. */
function fit() {
  readColours();
  const narrow = innerWidth < 600;
  size.row = narrow ? 30 : 26;
  size.gutter = narrow ? 54 : 104;
  const strips = data.faults.length ? Math.max(...stripOf) + 1 : 0;
  size.head = AXIS + STRIP * ((data.phases.length ? 1 : 0) + strips) + 4;
  // States of the last lane are written on its lower edge.
  size.lanes = lanes.length * size.row + (data.points.length ? size.row / 2 : 0);
  const room = Math.max(innerHeight * 0.72 - size.head, size.row * 4);
  size.room = Math.min(size.lanes, room);
  canvas.classList.toggle("tall", size.lanes > size.room);
  [size.width, size.height] = sharpen(canvas, pen, size.head + size.room + 3);
  scroll(0);
}

const toX = (at) => size.gutter + ((at - view.begin) / span()) * (size.width - size.gutter);
const toTime = (x) => view.begin + ((x - size.gutter) / (size.width - size.gutter)) * span();
const laneY = (lane) => size.head + lane * size.row - view.top;

function draw() {
  pen.font = FONT;
  pen.textBaseline = "middle";
  pen.fillStyle = colour.paper;
  pen.fillRect(0, 0, size.width, size.height);
  inLanes(() => {
    drawStripes();
    data.faults.forEach(drawFault);
    data.phases.forEach(drawPhase);
    data.gaps.forEach(drawGap);
    if (view.failure) drawWindow(view.failure);
    const [first, last] = lanesInSight();
    for (let lane = first; lane <= last; lane++) drawLane(lane);
    drawPoints();
    drawChosen();
    drawFailing();
  });
  drawHead();
  drawGutter();
}

/** Draws within the lanes only. */
function inLanes(paint) {
  pen.save();
  pen.beginPath();
  pen.rect(size.gutter, size.head, size.width - size.gutter, size.height - size.head);
  pen.clip();
  paint();
  pen.restore();
}

function lanesInSight() {
  const first = Math.floor(view.top / size.row);
  return [first, Math.min(lanes.length - 1, Math.ceil((view.top + size.room) / size.row))];
}

function drawStripes() {
  const [first, last] = lanesInSight();
  for (let lane = first; lane <= last; lane++) {
    pen.fillStyle = colour.stripe;
    if (lane % 2) pen.fillRect(size.gutter, laneY(lane), size.width, size.row);
    if (lane > 0 && lanes[lane].node !== lanes[lane - 1].node) {
      pen.fillStyle = colour.line;
      pen.fillRect(0, laneY(lane), size.width, 1);
    }
  }
}

/** The pixels of a stretch in sight, or nothing. */
function stripe({ begin, end }, widthMin = 1) {
  if (end < view.begin || begin > view.end) return null;
  const left = Math.max(toX(begin), size.gutter - 2);
  const right = Math.min(Math.max(toX(end), left + widthMin), size.width + 2);
  return [left, right - left];
}

function drawFault(fault) {
  const at = stripe(fault);
  if (!at) return;
  pen.globalAlpha = 0.11;
  pen.fillStyle = faultColour(fault);
  pen.fillRect(at[0], size.head, at[1], size.height);
  pen.globalAlpha = 0.6;
  for (const edge of [fault.begin, fault.end]) pen.fillRect(toX(edge), size.head, 1, size.height);
  pen.globalAlpha = 1;
}

function drawPhase(phase) {
  pen.fillStyle = colour.phase;
  pen.globalAlpha = 0.5;
  const x = toX(phase.begin);
  for (let y = size.head; y < size.height; y += 8) pen.fillRect(x, y, 1, 4);
  pen.globalAlpha = 1;
}

function drawGap(gap) {
  const at = stripe(gap, 3);
  if (!at) return;
  pen.save();
  pen.beginPath();
  pen.rect(at[0], size.head, at[1], size.height);
  pen.clip();
  pen.strokeStyle = colour.hatch;
  pen.globalAlpha = 0.5;
  pen.beginPath();
  for (let x = at[0] - size.height; x < at[0] + at[1]; x += 9) {
    pen.moveTo(x, size.height);
    pen.lineTo(x + size.height - size.head, size.head);
  }
  pen.stroke();
  pen.restore();
  const said = `${gap.count.toLocaleString("en")} calls left out`;
  if (at[1] > 40) onBackground(said, at[0] + 6, size.head + 14, at[1] - 12);
}

function onBackground(said, x, y, width) {
  const shown = clip(said, width);
  pen.fillStyle = colour.paper;
  pen.fillRect(x - 3, y - 9, pen.measureText(shown).width + 6, 18);
  pen.fillStyle = colour.soft;
  pen.fillText(shown, x, y);
}

function drawWindow(failure) {
  const at = stripe(failure, 2);
  if (!at) return;
  pen.fillStyle = colour.error;
  pen.globalAlpha = 0.06;
  pen.fillRect(at[0], size.head, at[1], size.height);
  pen.globalAlpha = 1;
}

/** As much of a text as fits into so many pixels. */
function clip(said, width) {
  if (pen.measureText(said).width <= width) return said;
  let low = 0, high = said.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pen.measureText(said.slice(0, middle) + "…").width <= width) low = middle;
    else high = middle - 1;
  }
  return low ? said.slice(0, low) + "…" : "";
}

function drawLane(lane) {
  const rows = lanes[lane].rows;
  const y = laneY(lane);
  // A call begun before the left edge may reach into sight: the last of those that did.
  let at = Math.max(0, firstWhere(rows, (row) => ops.begin[row] > view.begin) - 1);
  let run = null;
  while (at < rows.length && ops.begin[rows[at]] <= view.end) {
    const row = rows[at];
    if (toX(ops.end[row]) - toX(ops.begin[row]) < 2 && !indefinite(row)) {
      run = lengthened(run, row, y);
    } else {
      drawRun(run, y);
      run = null;
      drawBar(row, y, at + 1 < rows.length ? toX(ops.begin[rows[at + 1]]) : Infinity);
    }
    const covered = toTime(toX(ops.begin[rows[at]]) + 1);
    const next = at + 1;
    at = next < rows.length && ops.begin[rows[next]] >= covered
      ? next
      : Math.max(next, firstWhere(rows, (row) => ops.begin[row] >= covered));
  }
  drawRun(run, y);
}

/** Slivers next to each other that ended alike are drawn as one: a full lane is a few strokes. */
function lengthened(run, row, y) {
  const [left, right] = extent(row, Infinity);
  const outcome = ops.outcome[row];
  if (run && run.outcome === outcome && left - run.right < 1) {
    run.right = Math.max(run.right, right);
    return run;
  }
  drawRun(run, y);
  return { left, right, outcome };
}

function drawRun(run, y) {
  if (!run) return;
  pen.globalAlpha = view.failure ? 0.55 : 1;
  pen.fillStyle = run.outcome === FAIL ? colour["fail-edge"] : colour[OUTCOMES[run.outcome]];
  pen.fillRect(run.left, y + 4, run.right - run.left, size.row - 8);
  pen.globalAlpha = 1;
}

/** Where a bar is drawn: from its begin to its end, or as far as there is room. */
function extent(row, room) {
  const left = toX(ops.begin[row]);
  let right = Math.max(toX(ops.end[row]), left + 1.5);
  if (indefinite(row)) right = Math.max(right, Math.min(right + FADE, room - 2));
  return [left, right];
}

function drawBar(row, y, room) {
  const outcome = ops.outcome[row] === OPEN ? INFO : ops.outcome[row];
  const name = OUTCOMES[outcome];
  const [left, right] = extent(row, room);
  if (right < size.gutter) return;
  const [top, height] = [y + 4, size.row - 8];
  const failing = failuresOf.get(row);
  const aside = view.failure && !(failing && failing.includes(view.failure));
  pen.globalAlpha = aside ? 0.55 : 1;
  pen.fillStyle = failing ? colour["error-fill"] : colour[name];
  if (outcome === INFO) pen.fillStyle = fading(left, right, pen.fillStyle);
  const width = right - left;
  pen.fillRect(left, top, width, height);
  if (width > 4) {
    pen.fillStyle = colour[`${name}-edge`];
    pen.fillRect(left, top, 2, height);
    if (outcome !== INFO) pen.fillRect(right - 1, top, 1, height);
    if (outcome === FAIL) {
      pen.fillRect(left, top, width, 1);
      pen.fillRect(left, top + height - 1, width, 1);
    }
  } else if (outcome === FAIL) {
    pen.fillStyle = colour["fail-edge"];
    pen.fillRect(left, top, width, height);
  }
  if (width > 22) {
    const from = Math.max(left, size.gutter) + 5;
    pen.fillStyle = failing ? colour["error-ink"] : colour[`${name}-ink`];
    pen.fillText(clip(label(row, view.key === NONE), right - from - 3), from, top + height / 2);
  }
  pen.globalAlpha = 1;
}

function fading(left, right, full) {
  const paint = pen.createLinearGradient(left, 0, right, 0);
  const tail = Math.min(FADE, right - left);
  paint.addColorStop(Math.max(0, 1 - tail / Math.max(right - left, 1)), full);
  // The same colour at no strength: "transparent" is black at none, and greys on the way there.
  paint.addColorStop(1, `${full}00`);
  return paint;
}

/** The calls of findings once more, over all others, never too small to be seen. */
function drawFailing() {
  for (const [row, of] of failuresOf) {
    if (view.key !== NONE && ops.key[row] !== view.key) continue;
    const current = of.includes(view.failure);
    if (view.failure && !current) continue;
    const [left, right] = extent(row, Infinity);
    if (right < size.gutter || left > size.width) continue;
    const y = laneY(ops.lane[row]);
    const about = of.some((failure) => failure.about === row);
    const width = Math.max(right - left, 4);
    if (right - left < 6) {
      pen.fillStyle = colour.error;
      pen.fillRect(left, y + 3, width, size.row - 6);
    }
    pen.strokeStyle = colour.error;
    pen.lineWidth = about ? 3 : 1.5;
    pen.strokeRect(left, y + 3.5, width, size.row - 7);
    pen.lineWidth = 1;
    if (about) marker(left + Math.min(width, 12) / 2, y);
  }
}

/** A wedge that points at a bar from above. */
function marker(x, y) {
  pen.fillStyle = colour.error;
  pen.beginPath();
  pen.moveTo(x - 5, y - 3);
  pen.lineTo(x + 5, y - 3);
  pen.lineTo(x, y + 5);
  pen.fill();
}

/** Where calls took effect, joined in that order where it is one order: of one object. */
function drawPoints() {
  const seen = data.points.filter((point) =>
    point.at >= view.begin && point.at <= view.end
    && (view.key === NONE || ops.key[point.op] === view.key));
  if (seen.length > POINTS_MAX) return;
  const place = (point) => [toX(point.at), laneY(ops.lane[point.op]) + size.row / 2];
  pen.strokeStyle = pen.fillStyle = colour.point;
  // Of several orders neither the way from one moment to the next nor a state means anything.
  const oneOrder = seen.every((point) => point.object === seen[0].object);
  if (oneOrder) {
    pen.globalAlpha = 0.6;
    pen.beginPath();
    for (const point of seen) pen.lineTo(...place(point));
    pen.stroke();
    pen.globalAlpha = 1;
  }
  seen.forEach((point, n) => {
    const [x, y] = place(point);
    pen.fillStyle = colour.point;
    pen.beginPath();
    pen.moveTo(x, y - 5);
    pen.lineTo(x + 5, y);
    pen.lineTo(x, y + 5);
    pen.lineTo(x - 5, y);
    pen.fill();
    const room = Math.abs((n + 1 < seen.length ? toX(seen[n + 1].at) : size.width) - x);
    if (!oneOrder || !point.state || room <= 60) return;
    state(point.state, x, y + size.row / 2, room - 10);
  });
}

/** A state, on the lower edge of its lane. */
function state(said, x, y, room) {
  const shown = clip(`⇒ ${said}`, Math.min(room, 140));
  const width = pen.measureText(shown).width;
  pen.fillStyle = colour.paper;
  pen.fillRect(x + 3, y - 8, width + 6, 15);
  pen.fillStyle = colour.point;
  pen.fillText(shown, x + 6, y);
}

function drawChosen() {
  for (const row of [view.hover, view.selected]) {
    if (row === NONE) continue;
    const [left, right] = extent(row, Infinity);
    pen.strokeStyle = colour.focus;
    pen.lineWidth = row === view.selected ? 2.5 : 1.5;
    const y = laneY(ops.lane[row]);
    pen.strokeRect(left - 1.5, y + 1.5, Math.max(right - left, 3) + 3, size.row - 3);
    pen.lineWidth = 1;
  }
}

function drawHead() {
  pen.fillStyle = colour.panel;
  pen.fillRect(0, 0, size.width, size.head);
  pen.fillStyle = colour.line;
  pen.fillRect(0, size.head - 1, size.width, 1);
  pen.save();
  pen.beginPath();
  pen.rect(size.gutter, 0, size.width - size.gutter, size.head);
  pen.clip();
  drawAxis();
  const phases = data.phases.length ? 1 : 0;
  for (const phase of data.phases) drawStrip(phase, 0, colour.phase, false);
  data.faults.forEach((fault, n) =>
    drawStrip(fault, phases + stripOf[n], faultColour(fault), true));
  pen.restore();
}

function drawStrip(band, strip, paint, filled) {
  const at = stripe(band, 2);
  if (!at) return;
  const y = AXIS + strip * STRIP;
  pen.fillStyle = paint;
  pen.globalAlpha = filled ? 0.22 : 1;
  if (filled) pen.fillRect(at[0], y + 1, at[1], STRIP - 2);
  pen.globalAlpha = 1;
  pen.fillRect(at[0], y + 1, filled ? 3 : 1, STRIP - 2);
  if (at[1] < 16) return;
  pen.fillStyle = filled ? colour.ink : paint;
  const said = filled && !band.what.includes(band.family)
    ? `${band.family} ${band.what}` : band.what;
  const left = Math.max(at[0], size.gutter) + 7;
  pen.fillText(clip(said, at[0] + at[1] - left - 2), left, y + STRIP / 2);
}

/** Steps of 1, 2 or 5 times a power of ten, some hundred pixels apart. */
function drawAxis() {
  const wanted = (span() * 110) / Math.max(size.width - size.gutter, 1);
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = Math.max([1, 2, 5, 10].find((n) => n * power >= wanted) * power, 1);
  const first = Math.ceil((view.begin + data.origin) / step) * step - data.origin;
  // Counted, not added up: far from the origin a step may be less than a number can tell.
  const marks = Math.min(Math.floor((view.end - first) / step), size.width);
  for (let n = 0; n <= marks; n++) {
    const at = first + n * step;
    const x = toX(at);
    pen.fillStyle = colour.line;
    pen.fillRect(x, AXIS - 6, 1, 6);
    pen.fillStyle = colour.soft;
    pen.fillText(moment(at, step), x + 4, AXIS / 2);
  }
}

/** The processes of a lane whose turn is in sight. */
function inSight({ all, processes }) {
  const first = Math.max(0, firstWhere(all, (row) => ops.begin[row] > view.begin) - 1);
  const last = Math.max(first, firstWhere(all, (row) => ops.begin[row] > view.end) - 1);
  const turn = (at) => processes.indexOf(ops.process[all[at]]);
  return processes.slice(turn(first), turn(last) + 1);
}

function drawGutter() {
  pen.fillStyle = colour.panel;
  pen.fillRect(0, size.head, size.gutter, size.height);
  pen.save();
  pen.beginPath();
  pen.rect(0, size.head, size.gutter, size.height);
  pen.clip();
  const narrow = size.gutter < 80;
  const [first, last] = lanesInSight();
  for (let lane = first; lane <= last; lane++) {
    const { node } = lanes[lane];
    const y = laneY(lane) + size.row / 2;
    const starts = lane === 0 || lanes[lane - 1].node !== node;
    const left = node === NONE ? 8 : narrow ? 28 : 44;
    if (node !== NONE && (starts || lane === first)) {
      pen.fillStyle = colour.ink;
      pen.fillText(clip(text(node), left - 10), 7, y);
    }
    if (starts && lane > 0) {
      pen.fillStyle = colour.line;
      pen.fillRect(0, laneY(lane), size.gutter, 1);
    }
    pen.fillStyle = colour.soft;
    pen.fillText(clip(inSight(lanes[lane]).join(", "), size.gutter - left - 5), left, y);
  }
  pen.restore();
  pen.fillStyle = colour.soft;
  const grouped = lanes.some((lane) => lane.node !== NONE);
  pen.fillText(grouped && !narrow ? "node   process" : "process", 7, AXIS / 2);
  pen.fillStyle = colour.line;
  pen.fillRect(size.gutter - 1, 0, 1, size.height);
}

