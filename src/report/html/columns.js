// The history as typed columns, decoded from the JSON in the page (`data.rs` writes it).

const data = JSON.parse(document.getElementById("data").textContent);

const OUTCOMES = ["ok", "fail", "info", "open"];
const FAIL = 1, INFO = 2, OPEN = 3;
const NONE = -1;

/** Each number is counted from the one before. */
function summed(differences) {
  let sum = 0;
  return Float64Array.from(differences, (difference) => (sum += difference));
}

const ops = (() => {
  const from = data.ops;
  const begin = summed(from.begin);
  const count = begin.length;
  const end = Float64Array.from(from.length, (length, row) =>
    length < 0 ? data.end : begin[row] + length);
  return {
    count, begin, end,
    invoke: summed(from.invoke),
    complete: from.complete, process: from.process, lane: from.lane, outcome: from.outcome,
    f: from.f, key: from.key, node: from.node,
    value: from.value, result: from.result, error: from.error,
  };
})();

const text = (id) => (id === NONE ? "" : data.texts[id]);

/** Whether nobody knows if the call took effect: then it is drawn without an end. */
const indefinite = (row) => ops.outcome[row] >= INFO;

/** What a bar says: the function, what it was called with, and what came of it. */
function label(row, withKey) {
  const parts = [text(ops.f[row])];
  if (ops.value[row] !== NONE) parts.push(text(ops.value[row]));
  if (ops.result[row] !== NONE) {
    if (ops.value[row] !== NONE) parts.push("→");
    parts.push(text(ops.result[row]));
  }
  const said = parts.join(" ");
  return withKey && ops.key[row] !== NONE ? `${text(ops.key[row])}: ${said}` : said;
}

/** Lanes with their rows in order, and the processes that were in each, in order. */
const lanes = data.lanes.map((node) => ({ node, all: [], rows: [], processes: [] }));
for (let row = 0; row < ops.count; row++) {
  const lane = lanes[ops.lane[row]];
  lane.all.push(row);
  if (lane.processes.at(-1) !== ops.process[row]) lane.processes.push(ops.process[row]);
}
for (const lane of lanes) {
  // Times of a recorded history may go back; what is looked up by time must not.
  lane.all.sort((a, b) => ops.begin[a] - ops.begin[b]);
  lane.rows = lane.all;
  lane.processes = [...new Set(lane.processes)];
}

const failures = data.failures.map((failure, number) => {
  const begins = failure.ops.map((row) => ops.begin[row]);
  const ends = failure.ops.map((row) =>
    ops.outcome[row] === OPEN ? ops.begin[row] : ops.end[row]);
  const [begin, end] = [Math.min(...begins), Math.max(...ends)];
  return { ...failure, number, begin, end };
});
/** Failures that can be shown, in the order of the page. */
const shown = failures.filter((failure) => failure.ops.length > 0);
/** Row of a failing call to the failures it is of. */
const failuresOf = new Map();
for (const failure of shown) {
  for (const row of failure.ops) {
    failuresOf.set(row, [...(failuresOf.get(row) ?? []), failure]);
  }
}

/** Row to the point where its call took effect. */
const pointOf = new Map(data.points.map((point, order) => [point.op, { ...point, order }]));

/** The first position in sorted `rows` for which `holds`, which must stay true once it is. */
function firstWhere(rows, holds) {
  let low = 0, high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(rows[middle])) high = middle; else low = middle + 1;
  }
  return low;
}

const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];

/** A moment in words. `step` is the finest difference that matters. */
function moment(at, step) {
  if (!data.timed) return `op ${Math.round(at + data.origin)}`;
  const digits = Math.min(9, Math.max(0, Math.ceil(-Math.log10(step / 1e9))));
  return `${((at + data.origin) / 1e9).toFixed(digits)} s`;
}

/** A stretch of time in words. */
function stretch(length) {
  if (!data.timed) return `${Math.round(length)} ops`;
  const [size, unit] = UNITS.find(([size]) => length >= size) ?? UNITS.at(-1);
  const value = length / size;
  return `${value < 100 ? value.toPrecision(3) : value.toFixed(0)} ${unit}`;
}

