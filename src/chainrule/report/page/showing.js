// Writing the numbers of the present stage into the drawing of neurons.

function showNeurons(state) {
  const step = steps[state.step];
  const present = step.stages[state.stage];
  for (const part of parts.values()) {
    if (!part.group) continue;
    const shown = part.kind === "weight" || part.kind === "bias" ? showWeight : part.kind === "neuron" ? showNeuron : showBox;
    shown(part, step, state);
    mark(part, "now", isPresent(part, present));
    mark(part, "chosen", part === state.part);
    part.group.setAttribute("aria-pressed", String(part === state.part));
    part.group.setAttribute("aria-label", part.title.textContent);
  }
  for (const link of links) link.line.classList.toggle("now", isPresent(link, present));
  setWidths(step, state);
}

// Whether the present stage computes, or passes through, a part.
function isPresent(part, { stage, layer }) {
  if (stage === "input") return part.kind === "target" || network.inputs.some(({ name }) => name === part.array);
  if (stage === "loss") return part.layer === "loss";
  if (stage === "update") return part.kind === "weight" || part.kind === "bias";
  return part.layer === (layer || "loss");
}

function known(entry, state) {
  return entry && entry.at <= state.stage ? entry : undefined;
}

function showNeuron(part, step, state) {
  const value = known(step.byName.get(part.array), state);
  const before = known(step.byName.get(part.before), state);
  const slope = known(gradientOf(step, part.before), state) ?? known(gradientOf(step, part.array), state);
  const lower = slope ?? (part.before !== part.array ? before : undefined);
  const index = [state.sample, part.unit];
  const read = (entry) => valueAt(entry, index);
  if (shape.density === "medium" && slope) part.main.textContent = number(read(slope));
  else part.main.textContent = value ? number(read(value)) : "";
  if (shape.density === "dots") part.main.textContent = "";
  part.sub.textContent = shape.density === "full" && lower ? `${short(lower.symbol)} ${number(read(lower), slope ? 3 : 4)}` : "";
  part.main.setAttribute("y", part.point.y + (part.sub.textContent ? -1 : 5));
  part.group.classList.toggle("slope", Boolean(slope));
  part.group.classList.toggle("empty", !value);
  tint(part, value ? read(value) : 0);
  part.title.textContent = sentence(part, [value, before, slope], index);
}

// A symbol that fits into a neuron.
function short(symbol) {
  return symbol.length <= 3 ? symbol : symbol[0];
}

function tint(part, value) {
  part.disc.classList.toggle("negative", value < 0);
  part.disc.setAttribute("fill-opacity", (0.34 * Math.min(1, magnitude(value))).toFixed(3));
}

function sentence(part, entries, index) {
  const said = [...new Set(entries.filter(Boolean))].map((entry) => `${entry.symbol} = ${full(valueAt(entry, index))}`);
  return [partName(part), ...said].join(", ");
}

// What a weight shows: itself, from its backward stage on its gradient, at the end its new value.
function weightEntry(part, step, state) {
  const moved = known(updateOf(step, part.array), state);
  if (moved) return { entry: moved, mode: "moved" };
  const slope = known(gradientOf(step, part.array), state);
  if (slope) return { entry: slope, mode: "slope" };
  return { entry: step.byName.get(part.array), mode: "" };
}

function showWeight(part, step, state) {
  const { entry, mode } = weightEntry(part, step, state);
  const { index } = part.places[0];
  part.value = valueAt(entry, index);
  part.mode = mode;
  if (part.text) part.text.textContent = part.kind === "bias" ? `b ${number(part.value)}` : number(part.value);
  mark(part, "negative", part.value < 0);
  mark(part, "slope", mode === "slope");
  part.title.textContent = `${partName(part)}, ${symbolAt(entry, index)} = ${full(part.value)}`;
}

function setWidths() {
  const weights = [...parts.values()].filter(({ kind, line }) => kind === "weight" && line);
  const most = (mode) => largest(weights.filter((part) => (part.mode === "slope") === mode).map(({ value }) => value)) || 1;
  const scale = { true: most(true), false: most(false) };
  const thick = shape.density === "full" ? 5.5 : shape.density === "medium" ? 4 : 2.2;
  for (const part of weights) {
    const share = magnitude(part.value) / scale[part.mode === "slope"];
    part.line.setAttribute("stroke-width", (0.8 + thick * share).toFixed(2));
  }
}

function showBox(part, step, state) {
  const total = part.kind === "loss" ? known(part.total && step.byName.get(part.total.name), state) : undefined;
  const entry = known(step.byName.get(part.kind === "loss" ? part.each?.name : part.array), state);
  const index = entry ? indexIn(entry, part.places[0].index, state.sample) : [];
  const whole = part.kind === "target" || entry?.shape.length === index.length;
  part.main.textContent = entry && whole ? number(valueAt(entry, index)) : total ? number(total.value) : "";
  part.sub.textContent = part.kind === "target" ? words.target : total && whole ? `${total.symbol} ${number(total.value)}` : words.loss;
  if (shape.density === "dots") part.sub.textContent = "";
  part.title.textContent = sentence(part, whole ? [entry] : [], index);
}

// Marks what the chosen numbers were computed from.
function markReads(places, state) {
  const step = steps[state.step];
  const exact = places.filter(([name, index]) => index && step.byName.has(name));
  const read = new Set(exact.map(([name, index]) => partOf(step.byName.get(name), index)));
  for (const part of parts.values()) if (part.group) mark(part, "read", read.has(part.id) && part !== state.part);
}
