// The card: every field of a call. That of the call under the pointer floats beside it; that of the
// call chosen by a click, a touch or keys stays below the picture, where it hides nothing.

const card = document.getElementById("card");

/** Puts text in place of what is there. All of it goes in as text: none of it is markup. */
function element(name, said, className) {
  const made = document.createElement(name);
  made.textContent = said;
  if (className) made.className = className;
  return made;
}

const WORDS = {
  ok: "ok", fail: "fail: certainly did not happen",
  info: "info: nobody knows whether it happened, or when",
  open: "no completion: nobody knows whether it happened, or when",
};

function fields(row) {
  const outcome = OUTCOMES[ops.outcome[row]];
  const completed = ops.complete[row] > 0;
  const fine = Math.min(Math.max((ops.end[row] - ops.begin[row]) / 100, 1e3), 1e6);
  const list = [["process", String(ops.process[row])]];
  const add = (name, value) => value !== "" && list.push([name, value]);
  add("node", text(ops.node[row]));
  add("key", text(ops.key[row]));
  add("f", text(ops.f[row]));
  add("invoked with", ops.value[row] === NONE ? "nil" : text(ops.value[row]));
  add("completed with", text(ops.result[row]));
  add("type", WORDS[outcome]);
  add("error", text(ops.error[row]));
  add("index", completed
    ? `${ops.invoke[row]} – ${ops.invoke[row] + ops.complete[row]}` : String(ops.invoke[row]));
  if (data.timed) {
    const begin = moment(ops.begin[row], fine);
    add("time", completed ? `${begin} – ${moment(ops.end[row], fine)}` : begin);
    if (completed) add("took", stretch(ops.end[row] - ops.begin[row]));
  }
  const point = pointOf.get(row);
  if (point) {
    const leaving = point.state && `, leaving ${point.state}`;
    add("takes effect", moment(point.at, fine) + leaving);
  }
  return list;
}

/** Fills the card for a call; without one it goes away. */
function fillCard(row) {
  card.hidden = row === NONE;
  if (row === NONE) return;
  const list = document.createElement("dl");
  for (const [name, value] of fields(row)) {
    const pair = document.createElement("div");
    pair.append(element("dt", name), element("dd", value));
    list.append(pair);
  }
  card.replaceChildren(element("strong", label(row, true)), list);
  for (const failure of failuresOf.get(row) ?? []) {
    const cannot = failure.about === row ? "cannot be explained" : "part of the evidence";
    card.append(element("div", `finding ${failure.number + 1}: ${cannot}`, "error"));
    if (failure.about === row && failure.states.length) {
      card.append(element("div", `possible just before: ${failure.states.join(" or ")}`, "error"));
    }
  }
}

/** Puts the card beside the bar under the pointer, or below the picture. */
function placeCard(row, x) {
  const below = row !== view.hover || size.width < 600;
  card.classList.toggle("below", below);
  if (below) return;
  const lower = laneY(ops.lane[row]) + size.row + 6;
  const above = laneY(ops.lane[row]) - card.offsetHeight - 6;
  card.style.left = `${Math.max(0, Math.min(x + 12, size.width - card.offsetWidth - 4))}px`;
  card.style.top = `${lower + card.offsetHeight > size.height && above > 0 ? above : lower}px`;
}

/** The card for what is under the pointer, else for what is chosen. */
function showCard(x) {
  const row = view.hover !== NONE ? view.hover : view.selected;
  fillCard(row);
  if (row !== NONE) {
    placeCard(row, x ?? 0);
  }
}

