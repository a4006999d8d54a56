// The buttons of the page, and the first look.

const byId = (id) => document.getElementById(id);
/** Keys offered for choice beside those of findings. */
const KEYS_MAX = 2000;
/** A history without errors is shown whole up to this many calls, else from its beginning. */
const FIRST_LOOK = 2000;

/** Goes to a failure and takes the reader along. */
function go(failure) {
  if (!failure) return;
  showFailure(failure);
  tellFailure();
  showCard();
}

/** The failure so many after the current one, around the end. */
function stepFailure(by) {
  const at = shown.indexOf(view.failure);
  const next = at < 0 ? (by > 0 ? 0 : shown.length - 1) : at + by;
  go(shown[(next + shown.length) % shown.length]);
}

function tellFailure() {
  const at = shown.indexOf(view.failure);
  byId("which").textContent = at < 0 ? `of ${shown.length}` : `${at + 1} of ${shown.length}`;
  for (const button of document.querySelectorAll("button.show")) {
    const current = view.failure?.number === Number(button.dataset.failure);
    button.closest("li").classList.toggle("current", current);
  }
}

byId("first").addEventListener("click", () => go(shown[0]));
byId("previous").addEventListener("click", () => stepFailure(-1));
byId("next").addEventListener("click", () => stepFailure(1));
byId("in").addEventListener("click", () => zoom(1 / 2, chosenMoment()));
byId("out").addEventListener("click", () => zoom(2, chosenMoment()));
byId("all").addEventListener("click", () => fly(whole.begin, whole.end));
for (const button of document.querySelectorAll("button.show")) {
  button.addEventListener("click", () => {
    go(failures[Number(button.dataset.failure)]);
    byId("picture").scrollIntoView({ behavior: still.matches ? "auto" : "smooth" });
    canvas.focus({ preventScroll: true });
  });
}

function offerKeys() {
  const calls = new Map();
  for (const key of ops.key) if (key !== NONE) calls.set(key, (calls.get(key) ?? 0) + 1);
  if (calls.size < 2) return;
  const broken = new Set([...failuresOf.keys()].map((row) => ops.key[row]));
  broken.delete(NONE);
  const others = [...calls.keys()].filter((key) => !broken.has(key)).slice(0, KEYS_MAX);
  const option = (key) => {
    const made = element("option", `${text(key)} (${calls.get(key)} calls)`);
    made.value = String(key);
    return made;
  };
  const all = element("option", `all ${calls.size}`);
  all.value = String(NONE);
  const group = (name, keys) => {
    const made = document.createElement("optgroup");
    made.label = name;
    made.append(...keys.map(option));
    return made;
  };
  byId("key").append(all);
  if (broken.size) byId("key").append(group("of findings", [...broken]));
  if (others.length) byId("key").append(group(broken.size ? "others" : "keys", others));
  byId("key").addEventListener("change", () => filterBy(Number(byId("key").value)));
  byId("filter").hidden = false;
}

document.addEventListener("filtered", () => {
  byId("key").value = String(view.key);
  countOverview();
  showCard();
});

function measure() {
  fit();
  countOverview();
  showCard();
  changed();
}
// The overview is as wide as the picture, and its height does not change with what is shown.
new ResizeObserver(measure).observe(overview);
addEventListener("resize", measure);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", measure);

byId("steps").hidden = shown.length === 0;
document.querySelector(".legend .error").hidden = shown.length === 0;
document.querySelector(".legend .point").hidden = data.points.length === 0;
offerKeys();
tellFailure();
measure();
if (shown.length) {
  showFailure(shown[0]);
  tellFailure();
  flight++;
  look(...firstLook(shown[0]));
} else if (ops.count > FIRST_LOOK) {
  const end = ops.begin[FIRST_LOOK / 4];
  look(-end * 0.02, end);
}

function firstLook(failure) {
  const pad = Math.max((failure.end - failure.begin) * 0.25, SPAN_MIN);
  return [failure.begin - pad, failure.end + pad];
}
