// The parts of a network that can be chosen, and the numbers that each one stands for.

const parts = new Map(); // by id
const partAt = new Map(); // id of the part that shows a place, its sample left out

function addPart(part) {
  parts.set(part.id, part);
  for (const { array, index } of part.places) partAt.set(array + place(index), part.id);
  return part;
}

// Where a place of the part is in an entry's array: with the sample, if the array has one.
function indexIn(entry, index, sample) {
  return perSample(entry) ? [sample, ...index] : index;
}

// Every number of the step that concerns a part, in the order of computation.
function numbersOf(part, step, sample) {
  const found = [];
  for (const entry of step.entries) {
    const at = part.places.find(({ array }) => array === entry.name || array === entry.of);
    if (!at) continue;
    const index = indexIn(entry, at.index, sample);
    if (entry.shape.length === index.length) found.push({ entry, index });
  }
  return found;
}

function partOf(entry, index) {
  const bare = place(perSample(entry) ? index.slice(1) : index);
  return partAt.get(entry.name + bare) ?? partAt.get(entry.of + bare);
}

function entryOfRole(role) {
  return steps[0].entries.findLast((entry) => entry.role === role);
}

function unitsOf(array, units) {
  const entry = steps[0].byName.get(array);
  return units ?? (entry ? entry.shape.slice(1).reduce((a, b) => a * b, 1) : 1);
}

// Places that are the neuron's own: its sum, its activation, and what it has one of (a scale, a shift).
function neuronParts(array, units, layer, before, others = []) {
  const arrays = [...new Set([before || array, array, ...others])];
  return Array.from({ length: unitsOf(array, units) }, (_, unit) =>
    addPart({
      id: `neuron ${array} ${unit}`, kind: "neuron", array, before: before || array, unit, layer,
      places: arrays.map((name) => ({ array: name, index: [unit] })),
    }));
}

function biasParts(layer, units) {
  if (!layer.bias) return [];
  return Array.from({ length: units }, (_, unit) =>
    addPart({
      id: `bias ${layer.name} ${unit}`, kind: "bias", array: layer.bias, unit, layer: layer.name,
      places: [{ array: layer.bias, index: [unit] }],
    }));
}

function weightParts(layer, sources, targets) {
  return sources.flatMap((from) =>
    targets.map((to) =>
      addPart({
        id: `weight ${layer.name} ${from.unit} ${to.unit}`, kind: "weight", array: layer.kernel,
        layer: layer.name, from, to, places: [{ array: layer.kernel, index: [from.unit, to.unit] }],
      })));
}

function lossPart() {
  const [each, total] = [entryOfRole("loss"), entryOfRole("total")];
  const places = [each, total].filter(Boolean).map(({ name }) => ({ array: name, index: [] }));
  return addPart({ id: "loss", kind: "loss", layer: "loss", each, total, places });
}

function targetParts() {
  const names = (network.targets ?? [network.target]).filter((name) => steps[0].byName.has(name));
  return names.flatMap((array) => {
    const shape = steps[0].byName.get(array).shape.slice(1);
    const count = shape.length ? shape[0] : 1;
    return Array.from({ length: count }, (_, unit) =>
      addPart({
        id: `target ${array} ${unit}`, kind: "target", array, unit, layer: "loss",
        places: [{ array, index: shape.length ? [unit] : [] }],
      }));
  });
}

function partName(part) {
  const where = part.unit === undefined ? "" : place([part.unit]);
  switch (part.kind) {
    case "weight": return `${words.weight} ${part.from.layer}${place([part.from.unit])} → ${part.to.layer}${place([part.to.unit])}`;
    case "bias": return `${words.bias} ${part.layer}${where}`;
    case "loss": return words.loss;
    case "target": return `${words.target} ${where}`;
    default: return `${words.neuron} ${part.layer}${where}`;
  }
}
