// The overview: the whole history in a narrow strip, with the faults, the errors and the view.

const overview = document.getElementById("overview");
const overviewPen = overview.getContext("2d");
const strip = { width: 0, height: 0, counts: [] };

/** Counts the invocations of each pixel column; only the size and the filter change that. */
function countOverview() {
  [strip.width, strip.height] = sharpen(overview, overviewPen, 0);
  strip.counts = new Array(Math.max(1, Math.ceil(strip.width))).fill(0);
  for (let row = 0; row < ops.count; row++) {
    if (view.key !== NONE && ops.key[row] !== view.key) continue;
    const column = Math.floor(toOverview(ops.begin[row]));
    if (column >= 0 && column < strip.counts.length) strip.counts[column]++;
  }
}

const toOverview = (at) =>
  ((at - whole.begin) / (whole.end - whole.begin)) * strip.width;

function drawOverview() {
  const { width, height, counts } = strip;
  const pen = overviewPen;
  pen.fillStyle = colour.paper;
  pen.fillRect(0, 0, width, height);
  for (const fault of data.faults) {
    pen.globalAlpha = 0.22;
    pen.fillStyle = faultColour(fault);
    const left = toOverview(fault.begin);
    pen.fillRect(left, 0, Math.max(toOverview(fault.end) - left, 1), height);
  }
  pen.globalAlpha = 1;
  // By the root: a few calls beside a burst are still to be seen.
  const highest = Math.sqrt(Math.max(...counts, 1));
  pen.fillStyle = colour["ok-edge"];
  counts.forEach((count, x) => {
    const tall = (Math.sqrt(count) / highest) * (height - 14);
    if (count) pen.fillRect(x, height - tall, 1, tall);
  });
  drawSight(pen);
  for (const failure of shown) {
    const row = failure.about ?? failure.ops[0];
    const x = toOverview(ops.begin[row]);
    pen.fillStyle = colour.error;
    pen.fillRect(x - 0.5, 0, 1, height);
    pen.beginPath();
    const half = failure === view.failure ? 6 : 4;
    pen.moveTo(x - half, 0);
    pen.lineTo(x + half, 0);
    pen.lineTo(x, half * 1.6);
    pen.fill();
  }
}

function drawSight(pen) {
  const left = toOverview(view.begin);
  const width = Math.max(toOverview(view.end) - left, 3);
  pen.fillStyle = colour.paper;
  pen.globalAlpha = 0.55;
  pen.fillRect(0, 0, left, strip.height);
  pen.fillRect(left + width, 0, strip.width, strip.height);
  pen.globalAlpha = 1;
  pen.strokeStyle = colour.focus;
  pen.lineWidth = 2;
  pen.strokeRect(left + 1, 1, Math.max(width - 2, 2), strip.height - 2);
}

